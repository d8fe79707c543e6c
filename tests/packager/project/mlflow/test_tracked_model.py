from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tracking_stub import TrackingStub, tracking_stub

from packager.client.tracking_server import TrackingServer
from packager.errors import PackageError, UsageError
from packager.project.mlflow.address import parse_address
from packager.project.mlflow.tracked_model import MAX_TEXT, TrackedModel, tracked_model

MODEL = "m-1b454593081746cd8fe6716571513e92"
OWN = f"mlflow-artifacts:/1/models/{MODEL}/artifacts"


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def metric(key: str, value: Any, step: int = 0) -> dict[str, Any]:
    return {"key": key, "value": value, "step": step, "timestamp": 5}


@pytest.fixture
def stub() -> Iterator[TrackingStub]:
    with tracking_stub() as found:
        run = {
            "info": {"artifact_uri": "mlflow-artifacts:/1/r1/artifacts", "run_name": "calm-fish"},
            "data": {
                "metrics": [metric("auc", 0.9, 2), metric("auc", 0.8, 1), metric("loss", "NaN")],
                "params": pairs(C="1.0"),
                "tags": pairs(team="risk", **{"mlflow.source.git.commit": "abc"})
                + pairs(**{"mlflow.source.name": "fit.py", "mlflow.user": "ann"}),
            },
            "outputs": {"model_outputs": [{"model_id": MODEL}]},
        }
        model = {
            "info": {"name": "model", "artifact_uri": OWN, "source_run_id": "r1"},
            "data": {"metrics": [metric("auc", 0.95)], "params": pairs(depth="3")},
        }
        version = {
            "name": "churn",
            "version": "2",
            "run_id": "r1",
            "status": "READY",
            "source": f"models:/{MODEL}",
            "aliases": ["champion"],
            "tags": pairs(checked="yes"),
        }
        found.documents |= {
            "runs/get r1": {"run": run},
            f"logged-models/{MODEL}": {"model": model},
            "registered-models/alias churn champion": {"model_version": version},
            "model-versions/get churn 2": {"model_version": version},
            "model-versions/get-download-uri churn 2": {"artifact_uri": OWN},
        }
        yield found


def ask(stub: TrackingStub, address: str) -> TrackedModel:
    return tracked_model(parse_address(address), TrackingServer(stub.url, {}))


@pytest.mark.parametrize("address", ["models:/churn@champion", "models:/churn/2"])
def test_a_version_of_the_registry(stub: TrackingStub, address: str) -> None:
    found = ask(stub, address)
    assert found == TrackedModel(
        (OWN,),
        name="churn",
        version="2",
        aliases=("champion",),
        run="r1",
        run_name="calm-fish",
        model_id=MODEL,
        program="fit.py",
        commit="abc",
        metrics={"auc": 0.95, "loss": "nan"},
        params={"C": "1.0", "depth": "3"},
        tags={"team": "risk", "checked": "yes"},
    )


def test_a_model_of_a_run_is_looked_for_beside_its_artifacts_first(stub: TrackingStub) -> None:
    found = ask(stub, "runs:/r1/model")
    assert found.artifacts == (OWN, "mlflow-artifacts:/1/r1/artifacts/model")
    assert (found.name, found.run, found.model_id) == (None, "r1", MODEL)
    old = ask(stub, "runs:/r1/other")
    assert old.artifacts == ("mlflow-artifacts:/1/r1/artifacts/other",)
    assert (old.model_id, old.metrics) == (None, {"auc": 0.9, "loss": "nan"})


def test_a_logged_model_by_its_own_identifier(stub: TrackingStub) -> None:
    found = ask(stub, f"models:/{MODEL}")
    assert (found.artifacts, found.run, found.run_name) == ((OWN,), "r1", "calm-fish")


def test_a_version_whose_run_is_gone_states_less(stub: TrackingStub) -> None:
    del stub.documents["runs/get r1"], stub.documents[f"logged-models/{MODEL}"]
    found = ask(stub, "models:/churn/2")
    assert (found.metrics, found.params, found.tags) == ({}, {}, {"checked": "yes"})
    assert found.run == "r1"


def test_a_version_that_is_not_ready_is_refused(stub: TrackingStub) -> None:
    version = stub.documents["model-versions/get churn 2"]["model_version"]
    version["status"] = "PENDING_REGISTRATION"
    with pytest.raises(PackageError, match="to be ready, got PENDING_REGISTRATION"):
        ask(stub, "models:/churn/2")


def test_texts_are_cut_and_lists_bounded(stub: TrackingStub) -> None:
    data = stub.documents["runs/get r1"]["run"]["data"]
    data["params"] = pairs(long="x" * 9_000)
    assert len(ask(stub, "models:/churn/2").params["long"]) == MAX_TEXT
    data["params"] = pairs(**{f"p{place}": "1" for place in range(1_001)})
    with pytest.raises(UsageError, match="at most 1,000 parameters"):
        ask(stub, "models:/churn/2")


def test_an_answer_of_another_form_is_refused(stub: TrackingStub) -> None:
    stub.documents["runs/get r1"] = {"run": 3}
    with pytest.raises(PackageError, match="expected `run` in an answer"):
        ask(stub, "runs:/r1/model")
