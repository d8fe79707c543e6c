"""KServe's V1: requests, answers and errors as its own client and server write them."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from host_samples import MANIFEST
from serving_helpers import Reply, Server, diamonds, diamonds_schema, make_manifest

from serving.http.messages import RequestError
from serving.protocols.v1 import V1Predict, model_path, v1_documents

ROW = {"carat": 0.5, "color": "E", "tables": 55}
CELLS = [0.5, "E", 55]
DIAMONDS = make_manifest(diamonds_schema(diamonds()))
PATH = "/v1/models/diamonds"


def rows(document: Any, content_type: bytes = b"application/json") -> list[dict[str, Any]]:
    body = json.dumps(document).encode()
    return V1Predict(DIAMONDS).rows(body, {b"content-type": content_type})[0]


@pytest.mark.parametrize(
    "document",
    [
        {"instances": [ROW]},
        {"instances": [CELLS]},
        {"inputs": [ROW]},
        {"inputs": {name: [cell] for name, cell in ROW.items()}},
        {"instances": [ROW], "signature_name": "serving_default"},
    ],
)
def test_forms_of_rows(document: Any):
    assert rows(document) == [ROW]


def test_the_content_type_does_not_matter():
    assert rows({"instances": [ROW]}, b"application/x-www-form-urlencoded") == [ROW]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "the body must have exactly one form of rows"),
        ({"instances": [ROW], "inputs": [ROW]}, "the body must have exactly one form of rows"),
        ({"dataframe_records": [ROW]}, "the body must have exactly one form of rows"),
        ({"instances": []}, "there are no rows"),
        ({"instances": [ROW], "other": 1}, "'other' is not allowed with 'instances'"),
        ([ROW], "the body is not an object"),
    ],
)
def test_other_bodies_are_refused(document: Any, message: str):
    with pytest.raises(RequestError) as caught:
        rows(document)
    assert (caught.value.status, caught.value.message) == (422, message)


def test_predictions_are_in_the_order_of_the_rows():
    scored: Any = SimpleNamespace(labels=["Ideal", "Good"])
    assert V1Predict(DIAMONDS).body(None, scored) == (b'{"predictions":["Ideal","Good"]}', {})


def test_documents_are_those_of_kserves_server():
    assert v1_documents(MANIFEST) == {
        "/": {"status": "alive"},
        "/v1/models": {"models": [MANIFEST.name]},
        model_path(MANIFEST): {"name": MANIFEST.name, "ready": True},
    }


def post(server: Server, document: Any, path: str = f"{PATH}:predict") -> Reply:
    return server.request("POST", path, json.dumps(document).encode(), "application/json")


@pytest.mark.server
def test_a_server_answers_as_the_others_do(server: Server) -> None:
    reply = post(server, {"instances": [ROW, ROW]})
    invoked = post(server, {"instances": [ROW, ROW]}, "/invocations")
    assert (reply.status, reply.json) == (200, invoked.json)
    assert len(reply.json["predictions"]) == 2
    assert server.get("/v1/models").json == {"models": ["diamonds"]}
    assert server.get(PATH).json == {"name": "diamonds", "ready": True}
    assert server.get("/").json == {"status": "alive"}


@pytest.mark.server
def test_errors_have_kserves_form(server: Server) -> None:
    refused = post(server, {"instances": [{**ROW, "carat": "x"}]})
    assert refused.status == 422
    assert list(refused.json) == ["error"]
    assert "row 0" in refused.json["error"]
    assert "carat" in refused.json["error"]
    assert post(server, {}).json["error"].startswith("the body must have exactly one form of rows")
    other = server.get("/v1/models/other")
    assert other.status == 404
    assert other.json["error"].startswith("model 'other' is not served here; served: diamonds")
    wrong = server.get(f"{PATH}:predict")
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST, OPTIONS")
    assert list(wrong.json) == ["error"]


@pytest.mark.server
def test_kserves_own_client(server: Server) -> None:
    """It needs packages that are not installed with its models: see docs/protocols.md."""
    client = pytest.importorskip("kserve.inference_client")
    url = f"http://127.0.0.1:{server.port}"

    async def scenario() -> None:
        rest = client.InferenceRESTClient(client.RESTConfig(protocol="v1"))
        answer = await rest.infer(url, {"instances": [ROW]}, model_name="diamonds")
        assert answer == post(server, {"instances": [ROW]}).json
        assert await rest.is_server_live(url) is True
        assert await rest.is_model_ready(url, "diamonds") is True
        with pytest.raises(Exception, match=r"model 'x' is not served here.*404 Not Found"):
            await rest.infer(url, {"instances": [ROW]}, model_name="x")
        await rest.close()

    asyncio.run(scenario())
