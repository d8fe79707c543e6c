"""The registered protocols: their routes, documents and error formats."""

from __future__ import annotations

import json

import pytest
from host_samples import MANIFEST

from serving.http.messages import RequestError
from serving.protocols.registry import (
    ROUTES,
    documents,
    protocol_adapters,
    readiness_paths,
    refusal,
    repository_index,
)

ERROR = RequestError(422, "malformed_request", "the body", expected="an object", got="[]")


def test_every_route_is_spoken_somewhere():
    adapters = protocol_adapters(MANIFEST)
    assert {adapter.route for adapter in adapters.values()} == set(ROUTES)
    infer = [path for path in adapters if path.endswith("/infer")]
    assert infer == [
        f"/v2/models/{MANIFEST.name}/infer",
        f"/v2/models/{MANIFEST.name}/versions/{MANIFEST.tag}/infer",
    ]


def test_documents_are_json_but_for_the_ping():
    found = documents(MANIFEST, None)
    assert found["/ping"].content_type == "text/plain"
    for path, answer in found.items():
        assert answer.status == 200
        if path != "/ping":
            json.loads(answer.body)
    assert json.loads(found["/v2"].body)["extensions"] == ["binary_tensor_data"]
    assert f"/v2/models/{MANIFEST.name}/ready" in found


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/models/x/infer", {"error": "the body: expected an object, got []"}),
        ("/v2", {"error": "the body: expected an object, got []"}),
        (
            "/invocations",
            {"error_code": "BAD_REQUEST", "message": "the body: expected an object, got []"},
        ),
    ],
)
def test_an_error_is_said_in_the_words_of_its_protocol(path, body):
    answer = refusal(path, ERROR)
    assert (answer.status, json.loads(answer.body)) == (422, body)


@pytest.mark.parametrize("path", ["/predict", "/v2x", "/nowhere"])
def test_elsewhere_it_has_the_form_of_our_own(path):
    assert refusal(path, ERROR).body == ERROR.response().body


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "UNAUTHENTICATED"), (503, "TEMPORARILY_UNAVAILABLE"), (413, "BAD_REQUEST")],
)
def test_a_status_has_its_word_in_mlflow(status, code):
    answer = refusal("/ping", RequestError(status, "x", "why"))
    assert json.loads(answer.body)["error_code"] == code


def test_headers_of_an_error_stay():
    error = RequestError(503, "overloaded", "later", headers={"Retry-After": "1"})
    for path in ("/v2", "/invocations", "/predict"):
        assert refusal(path, error).headers == {"Retry-After": "1"}


@pytest.mark.parametrize(
    ("body", "ready", "names"),
    [
        (b"", True, ["READY"]),
        (b"{}", False, ["UNAVAILABLE"]),
        (b'{"ready": true}', True, ["READY"]),
        (b'{"ready": true}', False, []),
    ],
)
def test_the_index_has_the_model_and_its_state(body, ready, names):
    found = json.loads(repository_index(MANIFEST, body, ready=ready).body)
    assert [one["state"] for one in found] == names
    for one in found:
        assert (one["name"], one["version"], one["reason"]) == (MANIFEST.name, MANIFEST.tag, "")


@pytest.mark.parametrize("body", [b"[]", b'{"ready": 1}', b"x"])
def test_another_body_is_refused(body):
    with pytest.raises(RequestError):
        repository_index(MANIFEST, body, ready=True)


def test_what_reports_the_model_is_among_the_paths_of_readiness():
    assert f"/v1/models/{MANIFEST.name}" in readiness_paths(MANIFEST)
    assert f"/v2/models/{MANIFEST.name}/versions/{MANIFEST.tag}/ready" in readiness_paths(MANIFEST)
