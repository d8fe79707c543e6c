"""The Open Inference Protocol, with Triton's own client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tritonclient.http as triton
from serving_helpers import Package, Reply, Server, diamonds, diamonds_schema, make_manifest
from tritonclient.utils import InferenceServerException

from packager.data.rows.request_rows import check_rows
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Manifest, Schema
from serving.http.messages import RequestError
from serving.protocols import v2
from serving.protocols.protocol import ScoredRows

MODEL = "diamonds"
PATH = f"/v2/models/{MODEL}/infer"
ROW = [
    {"name": "carat", "shape": [1], "datatype": "FP64", "data": [0.5]},
    {"name": "color", "shape": [1], "datatype": "BYTES", "data": ["E"]},
    {"name": "tables", "shape": [1], "datatype": "INT64", "data": [55]},
]


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
    yield client
    client.close()


def inputs(frame: pd.DataFrame, *, binary: bool, numbers: str = "FP64") -> list[Any]:
    """The columns as tensors, text as [n, 1]."""
    dtype = np.float32 if numbers == "FP32" else np.float64
    arrays = [
        ("carat", frame["carat"].to_numpy(dtype)),
        ("color", frame[["color"]].to_numpy(object)),
        ("tables", frame["tables"].to_numpy(np.int64)),
    ]
    types = (numbers, "BYTES", "INT64")
    found = []
    for (name, array), datatype in zip(arrays, types, strict=True):
        tensor = triton.InferInput(name, list(array.shape), datatype)
        found.append(tensor.set_data_from_numpy(array, binary_data=binary))
    return found


def texts(array: Any) -> list[str]:
    """BYTES come as bytes from raw data, as text from JSON."""
    return [one.decode() if isinstance(one, bytes) else one for one in array.tolist()]


@pytest.mark.server
@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False, None])
def test_tritonclient_gets_the_models_answers(
    client: Any, package: Package, binary_in: bool, binary_out: bool | None
) -> None:
    frame = package.frame.head(60)  # its first carat is null
    asked = None
    if binary_out is not None:
        names = ("probabilities", "prediction", "flags")
        asked = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in names]
    answer = client.infer(MODEL, inputs(frame, binary=binary_in), outputs=asked, request_id="7")
    features = frame[["carat", "color", "tables"]]
    assert texts(answer.as_numpy("prediction")) == package.model.predict(features).tolist()
    chances = answer.as_numpy("probabilities")
    np.testing.assert_allclose(chances, package.model.predict_proba(features), rtol=1e-12)
    assert texts(answer.as_numpy("flags"))[0] == "carat:missing"
    response = answer.get_response()
    assert response["id"] == "7"
    assert response["model_version"] == package.manifest.tag


@pytest.mark.server
def test_narrower_numbers_are_taken_without_loss(client: Any, package: Package) -> None:
    frame = package.frame.head(5).assign(carat=[0.5, 0.25, 1.0, 2.0, 1.75])
    answers = [
        client.infer(MODEL, inputs(frame, binary=True, numbers=numbers)).as_numpy("probabilities")
        for numbers in ("FP64", "FP32")
    ]
    np.testing.assert_array_equal(*answers)


@pytest.mark.server
def test_tritonclient_reads_health_and_metadata(client: Any, package: Package) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert client.is_model_ready(MODEL, package.manifest.tag)
    assert not client.is_model_ready("another")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    described = client.get_model_metadata(MODEL)
    assert described == client.get_model_metadata(MODEL, package.manifest.tag)
    assert described["inputs"] == [
        {"name": "carat", "datatype": "FP64", "shape": [-1]},
        {"name": "color", "datatype": "BYTES", "shape": [-1]},
        {"name": "tables", "datatype": "INT64", "shape": [-1]},
        {"name": "shop", "datatype": "BYTES", "shape": [-1]},
    ]
    assert described["outputs"][1] == {
        "name": "probabilities",
        "datatype": "FP64",
        "shape": [-1, 3],
    }


@pytest.mark.server
def test_tritonclient_shows_why_a_request_is_refused(client: Any, package: Package) -> None:
    frame = package.frame.head(2)
    with pytest.raises(InferenceServerException, match='row 0, column "tables": expected a value'):
        client.infer(MODEL, inputs(frame, binary=True)[:2])
    with pytest.raises(InferenceServerException, match="not served here; served: diamonds version"):
        client.infer("another", inputs(frame, binary=True))
    asked = [triton.InferRequestedOutput("prediction", class_count=2)]
    with pytest.raises(InferenceServerException, match="classification is not supported"):
        client.infer(MODEL, inputs(frame, binary=True), outputs=asked)


@pytest.mark.server
def test_requests_are_counted_under_one_route(server: Server, client: Any) -> None:
    def counts() -> tuple[float, float, float]:
        count = "model_request_duration_seconds_count"
        return (
            server.metric(count, route="/v2/models/{name}/infer", code="2xx"),
            server.metric(count, route="/v2/models/{name}/infer", code="4xx"),
            server.metric("model_slice_predictions_total", slice="__all__"),
        )

    server.answered[0] = time.monotonic()  # what other tests asked for is to be counted by then
    before = counts()
    assert server.request("POST", PATH, json.dumps({"inputs": ROW}).encode()).status == 200
    assert server.request("POST", PATH, b"{").status == 400
    server.answered[0] = time.monotonic()
    good, bad, rows = (now - then for now, then in zip(counts(), before, strict=True))
    assert (good, bad, rows) == (1, 1, 1)


@pytest.mark.server
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", PATH, b"{", 400),
        ("POST", PATH, b"[]", 422),
        ("POST", PATH, b'{"inputs": []}', 422),
        ("GET", PATH, None, 405),
        ("GET", "/v2/models/another", None, 404),
        ("POST", "/v2/health/live", b"", 405),
    ],
)
def test_errors_have_the_protocols_form(
    server: Server, method: str, path: str, body: bytes | None, status: int
) -> None:
    reply: Reply = server.request(method, path, body)
    assert reply.status == status
    assert list(reply.json) == ["error"]
    assert isinstance(reply.json["error"], str)


def asked(document: Any, manifest: Manifest, **headers: str) -> list[dict[str, Any]]:
    encoded = {name.encode(): value.encode() for name, value in headers.items()}
    return v2.Infer(manifest).rows(json.dumps(document).encode(), encoded)[0]


@pytest.fixture
def manifest() -> Manifest:
    return make_manifest(diamonds_schema(diamonds()))


def numeric() -> Manifest:
    columns = tuple(
        Column(name=name, kind=kind, dtype=dtype, nullable=True)
        for name, kind, dtype in (("a", "number", "float64"), ("b", "integer", "int64"))
    )
    return make_manifest(Schema(features=columns), task="regression")


def test_one_tensor_holds_all_features_of_a_numeric_model() -> None:
    tensor = {"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [1.5, 2, None, 4]}
    rows = asked({"inputs": [tensor]}, numeric())
    assert rows == [{"a": 1.5, "b": 2}, {"a": None, "b": 4}]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([{"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}], "shape"),
        ([{"name": "x", "shape": [0, 2], "datatype": "FP64", "data": []}], "is empty"),
        (
            [
                {"name": "a", "shape": [1], "datatype": "FP64", "data": [1]},
                {"name": "b", "shape": [2], "datatype": "FP64", "data": [1, 2]},
            ],
            "'b': shape",
        ),
    ],
)
def test_tensors_that_do_not_make_rows_are_named(inputs: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        asked({"inputs": inputs}, numeric())
    assert caught.value.status == 422


def test_one_tensor_is_refused_where_a_feature_is_text(manifest: Manifest) -> None:
    tensor = {"name": "x", "shape": [1, 3], "datatype": "BYTES", "data": ["1", "E", "2"]}
    with pytest.raises(RequestError) as caught:
        asked({"inputs": [tensor]}, manifest)
    assert caught.value.details["expected"] == "one input a column: carat, color, tables"


@pytest.mark.parametrize(
    "more",
    [
        {"id": 5},
        {"parameters": []},
        {"parameters": {"binary_data_output": 1}},
        {"outputs": {}},
        {"outputs": 1},
        {"outputs": [{"name": "other"}]},
        {"outputs": [1]},
        {"outputs": [{"name": "prediction", "parameters": {"binary_data": "yes"}}]},
    ],
)
def test_a_malformed_wish_is_422(manifest: Manifest, more: Any) -> None:
    with pytest.raises(RequestError) as caught:
        asked({"inputs": ROW, **more}, manifest)
    assert caught.value.status == 422


@pytest.mark.parametrize("size", ["x", "-1", "100000", ""])
def test_a_json_size_beyond_the_body_is_422(manifest: Manifest, size: str) -> None:
    with pytest.raises(RequestError, match="Inference-Header-Content-Length"):
        asked({"inputs": ROW}, manifest, **{"inference-header-content-length": size})


@pytest.mark.parametrize(
    ("classes", "datatype", "label", "sent"),
    [
        ((0, 1), "INT64", 1, 1),
        ((0, 1), "INT64", 1.0, 1),
        ((False, True), "BOOL", True, True),
        ((0.5, 1.5), "FP64", 1.5, 1.5),
        (("a", 1), "BYTES", 1, "1"),
        ((0, 2**70), "BYTES", 2**70, str(2**70)),
        (None, "BYTES", None, None),
    ],
)
def test_labels_have_the_datatype_their_classes_fit_into(
    classes: Any, datatype: str, label: Any, sent: Any
) -> None:
    schema = Schema(features=numeric().schema_.features, classes=classes)
    manifest = make_manifest(schema)
    context = v2.InferenceRequest(None, (("prediction", False),), False)
    checked = check_rows([{"a": 1.0, "b": 1}], schema)
    text, _ = v2.Infer(manifest).body(context, ScoredRows(checked, [label], None, classes, None))
    (output,) = json.loads(text)["outputs"]
    assert (output["datatype"], output["data"]) == (datatype, [sent])


def test_a_label_of_another_kind_is_the_models_fault() -> None:
    schema = Schema(features=numeric().schema_.features, classes=(0, 1))
    checked = check_rows([{"a": 1.0, "b": 1}], schema)
    scored = ScoredRows(checked, ["yes"], None, (0, 1), None)
    infer = v2.Infer(make_manifest(schema))
    with pytest.raises(RequestError, match="no INT64") as caught:
        infer.body(v2.InferenceRequest(None, None, False), scored)
    assert caught.value.status == 500


def test_metadata_names_what_answers_hold(manifest: Manifest) -> None:
    def outputs(golden: Golden | None, *, tokens: bool = False) -> list[str]:
        return [one["name"] for one in v2.metadata(manifest, golden, tokens=tokens)["outputs"]]

    plain = Golden(rows=(), expected=({"prediction": "Ideal"},))
    assert outputs(None) == ["prediction", "probabilities", "flags"]
    assert outputs(plain, tokens=True) == ["prediction", "flags", "token"]


def test_an_output_the_model_lacks_is_refused() -> None:
    schema = numeric().schema_
    checked = check_rows([{"a": 1.0, "b": 1}], schema)
    context = v2.InferenceRequest(None, (("token", False),), False)
    scored, infer = ScoredRows(checked, [1.0], None, None, None), v2.Infer(numeric())
    with pytest.raises(RequestError, match="output 'token': this model has none"):
        infer.body(context, scored)


def test_the_digest_of_the_manifest_is_not_made_for_every_answer(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    infer = v2.Infer(package.manifest)
    tag = package.manifest.tag
    monkeypatch.setattr(Manifest, "dump", None)
    text = {"inputs": [{"name": "carat", "shape": [1], "datatype": "FP64", "data": [0.5]}]}
    _, asked = infer.rows(json.dumps(text).encode(), {})
    checked: Any = SimpleNamespace(flags=[()])
    body, _ = infer.body(asked, ScoredRows(checked, ["Ideal"], None, None, None))
    assert json.loads(body)["model_version"] == tag


def test_dates_times_and_decimals_are_bytes_raw_and_in_json() -> None:
    kinds: dict[str, Any] = {"day": "date", "at": "time", "price": "decimal"}
    columns = tuple(
        Column(name=name, kind=kind, dtype="object", nullable=True) for name, kind in kinds.items()
    )
    manifest = make_manifest(Schema(features=columns))
    described = v2.metadata(manifest, None, tokens=False)["inputs"]
    assert [(one["datatype"], one["shape"]) for one in described] == [("BYTES", [-1])] * 3
    row = {"day": "2024-01-31", "at": "10:30:00", "price": "12.30"}
    inputs: list[dict[str, Any]] = [
        {"name": name, "shape": [2], "datatype": "BYTES", "data": [text, None]}
        for name, text in row.items()
    ]
    assert asked({"inputs": inputs}, manifest) == [row, dict.fromkeys(row)]
    raw = b""
    for one in inputs:
        text = one.pop("data")[0].encode()
        raw += len(text).to_bytes(4, "little") + text
        one |= {"shape": [1], "parameters": {"binary_data_size": len(text) + 4}}
    head = json.dumps({"inputs": inputs}).encode()
    headers = {b"inference-header-content-length": str(len(head)).encode()}
    rows, _ = v2.Infer(manifest).rows(head + raw, headers)
    assert rows == [row]
    assert check_rows(rows, manifest.schema_).rows == 1
