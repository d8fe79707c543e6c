"""Answers of several outputs through a server: every protocol, the client, and wrong answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from jsonschema_rs import Draft202012Validator
from serving_helpers import Package, Server, lay_out, make_manifest
from tritonclient.utils import triton_to_np_dtype

from packager.client import Client
from packager.manifest.manifest import Column, Schema, Serve
from packager.manifest.outputs import Output

pytestmark = pytest.mark.server

MODEL = r"""
import numpy as np


class Predictor:
    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        x = frame["x"].to_numpy(float)
        width = 3 if (x == 1001).any() else 2
        vector = np.column_stack([x, -x, x][:width])[:, :, None]
        vector[x == 1002] = np.inf
        return {
            "sign": (x > 0).astype(int),
            "range": np.column_stack([x - 1, x + 1]),
            "tags": [["small", "odd"] if one % 2 else [] for one in x],
            "vector": vector,
            "words": ["lone \ud800" if one == 1003 else None if one == 0 else "text" for one in x],
            "anything": [{"x": one, "nan": float("nan")} for one in x],
        }

    def predict_proba(self, frame):
        high = np.clip(frame["x"].to_numpy(float), 0, 1)
        return {"sign": np.column_stack([1 - high, high])}
"""
OUTPUTS = (
    Output(name="sign", kind="label", classes=(0, 1)),
    Output(name="range", kind="quantiles", levels=(0.1, 0.9)),
    Output(name="tags", kind="labels"),
    Output(name="vector", kind="array", shape=(2, 1)),
    Output(name="words", kind="text"),
    Output(name="anything", kind="json"),
)
X = Column(name="x", kind="number", dtype="float64", nullable=False)
ANSWER = {
    "sign": 1,
    "range": {"0.1": -0.5, "0.9": 1.5},
    "tags": ["odd", "small"],
    "vector": [[0.5], [-0.5]],
    "words": "text",
    "anything": {"x": 0.5, "nan": None},
}
CHANCES = {"sign": {"0": 0.5, "1": 0.5}}
INFER = "/v2/models/diamonds/infer"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, start_shared: Callable[..., Server]) -> Server:
    root = tmp_path_factory.mktemp("structured")
    serve = Serve(
        predictor="several:Predictor",
        compile="off",
        workers=1,
        strict=False,
        outputs=OUTPUTS,
    )
    lay_out(root)
    (root / "code" / "several.py").write_text(MODEL)
    (root / "models" / "model").write_text("nothing is read from here")
    schema = Schema(features=(X,), outputs=OUTPUTS)
    manifest = make_manifest(schema, serve=serve, task="outputs")
    package = Package(root, manifest, frame=None, model=None)  # type: ignore[arg-type]
    return start_shared(package, MODEL_FEEDBACK_ANSWERS_PER_DAY="100")


def post(server: Server, path: str, document: Any) -> tuple[int, Any]:
    reply = server.request("POST", path, json.dumps(document).encode(), "application/json")
    return reply.status, reply.json


def tensors(*numbers: float) -> dict[str, Any]:
    tensor = {"name": "x", "shape": [len(numbers)], "datatype": "FP64", "data": numbers}
    return {"inputs": [tensor]}


def test_every_protocol_gives_the_same_answer_as_its_schema_describes(served: Server) -> None:
    components = served.get("/docs.json").json["components"]

    def check(name: str, found: Any) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        Draft202012Validator(schema).validate(found)

    status, found = post(served, "/predict", {"rows": [{"x": 0.5}, {"x": 0}]})
    assert status == 200
    first, second = found["predictions"]
    assert (first["prediction"], first["probabilities"]) == (ANSWER, CHANCES)
    assert second["prediction"]["words"] is None
    check("Answer", first)
    status, found = post(served, "/invocations", {"inputs": {"x": [0.5]}})
    assert (status, found) == (200, {"predictions": [ANSWER]})
    check("InvocationsAnswer", found)
    status, found = post(served, INFER, tensors(0.5))
    assert status == 200
    check("V2Answer", found)
    given = {one["name"]: one["data"] for one in found["outputs"]}
    assert json.loads(given["tags"][0]) == ANSWER["tags"]
    assert json.loads(given["anything"][0]) == ANSWER["anything"]
    assert given["range"] == [-0.5, 1.5]
    assert given["sign.probabilities"] == [0.5, 0.5]
    described = served.get("/schema").json["outputs"]
    assert [one["name"] for one in described] == [one.name for one in OUTPUTS]
    with Client(f"http://127.0.0.1:{served.port}") as client:
        (answer,) = client.predict([{"x": 0.5}])
    assert (answer.prediction, answer.probabilities) == (ANSWER, CHANCES)


@pytest.mark.parametrize("binary", [True, False])
def test_tritonclient_reads_every_output_as_the_metadata_describes_it(
    served: Server, binary: bool
) -> None:
    client = triton.InferenceServerClient(f"127.0.0.1:{served.port}")
    wanted = client.get_model_metadata("diamonds")["outputs"]
    asked = [triton.InferRequestedOutput(one["name"], binary_data=binary) for one in wanted]
    tensor = triton.InferInput("x", [2], "FP64").set_data_from_numpy(np.array([0.5, 1002.0]))
    answer = client.infer("diamonds", [tensor], outputs=asked)
    for one in wanted:
        got = answer.as_numpy(one["name"])
        assert got.shape == (2, *one["shape"][1:])
        assert got.dtype == np.dtype(triton_to_np_dtype(one["datatype"]))
    vector = answer.as_numpy("vector").astype(float)
    np.testing.assert_array_equal(vector[0], [[0.5], [-0.5]])
    assert np.isnan(vector[1]).all()
    np.testing.assert_array_equal(answer.as_numpy("range")[0], [-0.5, 1.5])
    client.close()


def test_numbers_that_are_not_finite_are_null_and_any_text_is_sent(served: Server) -> None:
    for path, body in (
        ("/predict", {"rows": [{"x": 1002}, {"x": 1003}]}),
        ("/invocations", {"inputs": {"x": [1002, 1003]}}),
    ):
        status, found = post(served, path, body)
        assert status == 200
        first, second = (one.get("prediction", one) for one in found["predictions"])
        assert first["vector"] == [[None], [None]]
        assert second["words"] == "lone \ud800"
    status, found = post(served, INFER, {**tensors(1003), "outputs": [{"name": "words"}]})
    assert (status, found["outputs"][0]["data"]) == (200, ["lone \ud800"])


def test_an_array_of_another_shape_is_refused_and_the_model_answers_on(served: Server) -> None:
    for path, body in (
        ("/predict", {"rows": [{"x": 1001}]}),
        ("/invocations", {"inputs": {"x": [1001]}}),
        (INFER, tensors(1001)),
    ):
        status, _ = post(served, path, body)
        assert status == 422
    _, found = post(served, "/predict", {"rows": [{"x": 1}, {"x": 1001}]})
    assert found["error"]["code"] == "model_refused_row"
    assert found["error"]["row"] == 1
    assert post(served, "/predict", {"rows": [{"x": 0.5}]})[0] == 200
    assert "process ended" not in served.log.read_text()


@pytest.mark.parametrize(
    "outputs", [[{"name": "prediction"}], [{"name": "tags.probabilities"}], [{"name": "sign"}] * 2]
)
def test_outputs_that_there_are_not_are_refused(served: Server, outputs: Any) -> None:
    assert post(served, INFER, {**tensors(0.5), "outputs": outputs})[0] == 422


def test_a_label_may_come_without_its_answer_once_that_is_kept(served: Server) -> None:
    _, found = post(served, INFER, tensors(0.5))
    (token,) = (one["data"][0] for one in found["outputs"] if one["name"] == "token")
    label = {"token": token, "actual": {"range": 0.75}}
    until = time.monotonic() + 30
    while (sent := post(served, "/feedback", [label])[1])["accepted"] == 0:
        assert sent["rejected"] == [{"index": 0, "reason": "answer_missing"}]
        assert time.monotonic() < until
        time.sleep(0.1)
    assert post(served, "/feedback", [label])[1]["rejected"] == [
        {"index": 0, "reason": "duplicate"}
    ]
    assert (
        'model_kept_answers_total{model="diamonds",outcome="kept"'
        in served.get("/metrics").body.decode()
    )
