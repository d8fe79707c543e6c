"""A request from admission to accounting, without a transport."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from serving.http.asgi import DisconnectedError
from serving.http.messages import RequestError, Response
from serving.prediction.errors import NotReadyReason
from serving.request import LoadedPackage, Request, RequestHandler
from serving.routes import READY
from serving.settings import Settings


def handler(*, stuck: bool = False, **environment: str) -> tuple[RequestHandler, Mock]:
    recorder = Mock()
    routes: Any = SimpleNamespace(
        check=Mock(),
        template=lambda path: path,
        spoken=lambda path: path,
        readiness=READY,
    )
    unready = NotReadyReason("stuck", "model m did not answer by the deadline") if stuck else None
    pipeline: Any = SimpleNamespace(unready=unready)
    made = RequestHandler(Settings.from_environment(environment))
    made.loaded = LoadedPackage(routes, pipeline, recorder, None)
    return made, recorder


def request(made: RequestHandler, path: str = "/predict") -> Request:
    return Request(made, "POST", path, {})


def test_an_answer_is_counted_with_its_rows() -> None:
    made, recorder = handler()
    batch: Any = SimpleNamespace(labels=[1, 2])
    with request(made) as asked:
        assert made.admit(asked) is made.loaded
        asked.answer(Response(200, b"{}"), batch)
    made.account(asked)
    (route, status, seconds, counted), _ = recorder.answered.call_args
    assert (route, status, counted) == ("/predict", 200, batch)
    assert seconds >= 0


def test_an_error_becomes_the_answer_and_is_counted_once() -> None:
    made, recorder = handler()
    refused = RequestError(422, "invalid_row", "row 0: expected a number")
    with request(made) as asked:
        asked.answer(Response(200, b"{}"), Mock())
        raise refused
    made.account(asked)
    assert asked.response is not None
    assert asked.response.status == 422
    recorder.record_invalid.assert_called_once_with(refused)
    assert recorder.answered.call_args.args[1] == 422
    assert recorder.answered.call_args.args[3] is None


def test_a_bug_is_answered_with_500_and_logged_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made, _ = handler()
    with request(made) as asked:
        raise KeyError("somebody's value")
    assert asked.response is not None
    assert asked.response.status == 500
    assert b"somebody" not in asked.response.body
    assert "the server failed" in caplog.records[0].message


def test_a_client_that_went_away_is_not_answered_and_not_counted() -> None:
    made, recorder = handler()
    with request(made) as asked:
        raise DisconnectedError
    made.account(asked)
    assert asked.response is None
    assert not recorder.method_calls


def test_an_end_of_the_worker_is_no_answer() -> None:
    made, _ = handler()
    with pytest.raises(asyncio.CancelledError), request(made):
        raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("path", "state", "code"),
    [
        ("/predict", "loading", "starting"),
        ("/readyz", "draining", "draining"),
        ("/v2/health/ready", "draining", "draining"),
        ("/readyz", "stuck", "stuck"),
    ],
)
def test_who_is_not_admitted_is_reported_why(path: str, state: str, code: str) -> None:
    made, _ = handler(stuck=state == "stuck")
    made.draining = state == "draining"
    if state == "loading":
        made.loaded = None
    with pytest.raises(RequestError, match=r"is loading|is ending|by the deadline") as told:
        made.admit(request(made, path))
    assert (told.value.status, told.value.code) == (503, code)


@pytest.mark.parametrize(("path", "logged"), [("/predict", True), ("/readyz", False)])
def test_probes_are_not_in_the_access_log(
    path: str, logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "serving.access")
    made, _ = handler()
    with request(made, path) as asked:
        raise RequestError(503, "starting", "model m is loading")
    made.account(asked)
    lines = [record for record in caplog.records if record.name == "serving.access"]
    assert bool(lines) is logged


def test_a_terse_error_tells_code_status_and_id_and_the_log_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "serving.access")
    made, _ = handler(MODEL_ERROR_DETAIL="terse")
    refused = RequestError(
        422, "invalid_row", "row 3", row=3, column="color", expected="one of D, E", got="secret"
    )
    answers = {}
    for path in ("/predict", "/invocations", "/v1/models/m:predict", "/v2/models/m/infer"):
        asked = Request(made, "POST", path, {b"x-request-id": b"id-7"})
        with asked:
            raise refused
        made.account(asked)
        assert asked.response is not None
        assert asked.response.status == 422
        answers[path] = json.loads(asked.response.body)
    said = "invalid_row (422), request id-7"
    assert answers == {
        "/predict": {
            "error": {"code": "invalid_row", "message": said, "status": 422, "request_id": "id-7"}
        },
        "/invocations": {"error_code": "BAD_REQUEST", "message": said},
        "/v1/models/m:predict": {"error": said},
        "/v2/models/m/infer": {"error": said},
    }
    fields = caplog.records[0].__dict__["fields"]
    told = {name: fields[name] for name in ("code", "row", "column", "expected", "request_id")}
    assert told == {
        "code": "invalid_row",
        "row": 3,
        "column": "color",
        "expected": "one of D, E",
        "request_id": "id-7",
    }
    assert "secret" not in str(fields)


def test_headers_of_a_terse_error_stay() -> None:
    made, _ = handler(MODEL_ERROR_DETAIL="terse")
    with request(made) as asked:
        raise RequestError(405, "method_not_allowed", "…", headers={"Allow": "POST, OPTIONS"})
    assert asked.response is not None
    assert asked.response.headers == {"Allow": "POST, OPTIONS"}


def test_who_asks_for_methods_is_not_counted_as_who_predicts() -> None:
    made, recorder = handler()
    with Request(made, "OPTIONS", "/predict", {}) as asked:
        asked.answer(Response(204, b""))
    made.account(asked)
    assert recorder.answered.call_args.args[:2] == ("other", 204)
