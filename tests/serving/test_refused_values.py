"""Values that the model can't take, over every protocol, compiled or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from in_process import hosted
from serving_helpers import Package, lay_out, make_manifest, start, wait_ready
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelhost.model import LoadedModel
from packager.data.frames import infer_columns
from packager.manifest.evaluation import Compilation, Golden
from packager.manifest.manifest import Column, Schema
from packager.worker.compile.compile import compile_model
from serving.openapi.document import document

FRAME = pd.DataFrame({"a": np.linspace(0, 1, 80), "b": np.linspace(1, 0, 80) ** 2})
LABELS = ["yes" if value > 0.5 else "no" for value in FRAME["a"]]
GOOD = {"a": 0.25, "b": 0.5}


def columns(**changes: Any) -> tuple[Column, ...]:
    return tuple(column.model_copy(update=changes) for column in infer_columns(FRAME))


@pytest.fixture(scope="module", params=["off", "require"])
def logistic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A logistic regression without an imputer, as a build leaves it."""
    root = tmp_path_factory.mktemp("logistic")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(FRAME, LABELS)
    schema = Schema(features=columns(refuses=("null",)), classes=("no", "yes"))
    manifest = make_manifest(schema)
    lay_out(root)
    joblib.dump(model, root / "models" / "model", protocol=5)
    loaded = LoadedModel(model, "classification", ("no", "yes"), has_probabilities=True)
    folder = root / "package" / "compiled"
    verdict = Compilation(verdict="off")
    if request.param == "require":
        verdict = compile_model(hosted(loaded), schema, FRAME, folder, "require")
    manifest = manifest.model_copy(update={"compiled": verdict})
    (root / "package" / "golden.json").write_bytes(Golden(rows=(GOOD,), expected=()).dump())
    return Package(root, manifest, FRAME, model)


@pytest.mark.server
def test_a_null_is_the_clients_fault_over_every_protocol(logistic: Package, tmp_path: Path) -> None:
    server = start(logistic, tmp_path, MODEL_WORKERS="1")
    try:
        wait_ready(server)
        bad = [GOOD, {"a": 0.75, "b": None}]
        reply = server.predict(bad)
        assert reply.status == 422
        found = reply.json["error"]
        assert (found["code"], found["row"], found["column"]) == ("invalid_row", 1, "b")
        assert (found["expected"], found["got"]) == ("a value, not null", "null")
        said = 'row 1, column "b": expected a value, not null, got null'
        body = json.dumps({"dataframe_records": bad}).encode()
        reply = server.request("POST", "/invocations", body, "application/json")
        assert (reply.status, reply.json["message"].startswith(said)) == (422, True)
        reply = server.request("POST", "/invocations", b"a,b\n0.25,0.5\n0.75,\n", "text/csv")
        assert (reply.status, reply.json["message"].startswith(said)) == (422, True)
        inputs = [
            {"name": "a", "datatype": "FP64", "shape": [2], "data": [0.25, 0.75]},
            {"name": "b", "datatype": "FP64", "shape": [2], "data": [0.5, None]},
        ]
        body = json.dumps({"inputs": inputs}).encode()
        reply = server.request("POST", "/v2/models/diamonds/infer", body)
        assert (reply.status, reply.json["error"].startswith(said)) == (422, True)
        assert server.predict([GOOD, {"a": 0.75, "b": 0.1}]).status == 200
        # What overflows inside the model is found by asking.
        reply = server.predict([GOOD, {"a": 1e308, "b": -1e308}])
        assert reply.status in (200, 422)
        assert server.metric("model_request_duration_seconds_count", code="5xx") == 0
        described = server.get("/schema").json["features"]
        assert [(one["nullable"], one["refuses"]) for one in described] == [(False, ["null"])] * 2
    finally:
        server.stop()


def test_the_document_says_what_is_refused() -> None:
    features = columns(refuses=("null", "extreme"))
    manifest = make_manifest(Schema(features=features, classes=("no", "yes")))
    described = document(manifest, None)["components"]["schemas"]["Row"]["properties"]["a"]
    assert described["type"] == "number"
    assert described["description"].endswith(
        "The model rejects numbers or times at the ends of its type. Never null."
    )
