"""Every status code other than 200, from a real server."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from serving_helpers import Reply, Server

pytestmark = pytest.mark.server


def error(reply: Reply) -> dict[str, Any]:
    found: dict[str, Any] = reply.json["error"]
    assert reply.headers["content-type"] == "application/json"
    return found


def test_400_for_what_is_not_json(server: Server) -> None:
    reply = server.request("POST", "/predict", b"{")
    assert reply.status == 400
    assert error(reply)["code"] == "unreadable_json"


def test_404_for_another_route_and_no_series_of_its_path(server: Server) -> None:
    for path in ("/nothing", "/static_content/nothing", "/predict/", "/docs/x"):
        reply = server.get(path)
        assert reply.status == 404
        assert error(reply)["code"] == "not_found"
    assert b"nothing" not in server.get("/metrics").body


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/predict", "POST, OPTIONS"),
        ("POST", "/schema", "GET, HEAD, OPTIONS"),
        ("DELETE", "/package", "GET, HEAD, OPTIONS"),
    ],
)
def test_405_for_another_method(server: Server, method: str, path: str, allowed: str) -> None:
    reply = server.request(method, path)
    assert reply.status == 405
    assert reply.headers["allow"] == allowed
    assert error(reply)["code"] == "method_not_allowed"


def test_422_for_rows_of_another_form(server: Server) -> None:
    for rows in ([], {}, [1]):
        assert server.predict(rows).status == 422
    assert error(server.request("POST", "/predict", b"{}"))["code"] == "malformed_request"


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"tables": 1.5}, "tables"),
        ({"tables": "55"}, "tables"),
        ({"color": 5}, "color"),
        ({"carat": True}, "carat"),
    ],
)
def test_422_names_the_first_offending_row_and_column(
    server: Server, change: dict[str, Any], column: str
) -> None:
    good = {"carat": 0.5, "color": "E", "tables": 55}
    reply = server.predict([good, good, good | change, good | change])
    assert reply.status == 422
    found = error(reply)
    assert (found["code"], found["row"], found["column"]) == ("invalid_row", 2, column)
    assert {"message", "expected", "got"} <= set(found)


def test_422_for_an_absent_column(server: Server) -> None:
    found = error(server.predict([{"carat": 0.5, "color": "E"}]))
    assert (found["row"], found["column"]) == (0, "tables")


def test_413_for_a_large_body(failing_server: Server) -> None:
    reply = failing_server.request("POST", "/predict", b" " * 1001)
    assert reply.status == 413
    assert error(reply)["code"] == "too_large"


def test_413_for_a_large_body_of_unknown_length(failing_server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", failing_server.port, timeout=60)
    connection.request("POST", "/predict", iter([b" " * 600] * 2), encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("code", [1, 2, 3])
def test_422_for_a_row_that_the_model_fails_on_and_the_server_continues(
    failing_server: Server, code: int
) -> None:
    assert failing_server.predict([{"code": 0}]).status == 200
    refused = failing_server.metric("model_refused_rows_total")
    failed = failing_server.metric("model_request_duration_seconds_count", code="5xx")
    reply = failing_server.predict([{"code": code}, {"code": 0}, {"code": 0}])
    assert reply.status == 422
    assert error(reply) == {
        "code": "model_refused_row",
        "message": "row 0: the model raises an error for this, but not for other rows",
        "row": 0,
    }
    assert failing_server.predict([{"code": 0}]).status == 200
    assert failing_server.metric("model_refused_rows_total") == refused + 1
    assert failing_server.metric("model_request_duration_seconds_count", code="5xx") == failed


def test_the_log_says_what_the_answer_does_not(failing_server: Server) -> None:
    assert failing_server.predict([{"code": 0}]).status == 200
    time.sleep(1.1)  # a refusal a second is told
    reply = failing_server.predict([{"code": 1}])
    assert b"secret" not in reply.body
    # Lines of the other kinds of refusal may be written before or after this one.
    told = failing_server.told(
        lambda line: "RuntimeError < " in "\n".join(line.get("exception", ()))
    )
    assert {line["message"] for line in told} == {"the model rejected a row"}
    shown = "\n".join(told[-1]["exception"])
    assert "trouble.py" in shown
    # A model's message may quote a row.
    assert "secret" not in failing_server.log.read_text()


def test_strict_refuses_null(failing_server: Server) -> None:
    found = error(failing_server.predict([{"code": None}]))
    assert (found["row"], found["column"]) == (0, "code")


def test_504_at_the_deadline_503_while_it_lasts_and_health_all_along(
    failing_server: Server,
) -> None:
    answered = failing_server.metric("model_slice_predictions_total", slice="__all__")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(failing_server.predict, [{"code": 4}])
        failing_server.is_at_slow_row()
        refused = failing_server.predict([{"code": 0}])
        assert refused.status == 503
        assert refused.headers["retry-after"] == "1"
        assert error(refused)["code"] == "overloaded"
        assert failing_server.get("/readyz").status == 200
        assert not slow.done()
        assert slow.result().status == 504
        assert error(slow.result())["code"] == "deadline"
    until = time.monotonic() + 60
    while failing_server.predict([{"code": 0}]).status != 200:
        assert time.monotonic() < until
        time.sleep(0.1)
    # The late row was never answered, so it is not counted.
    now = failing_server.metric("model_slice_predictions_total", slice="__all__")
    assert now == answered + 1


def test_an_abandoned_request_does_no_harm(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.putrequest("POST", "/predict")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b'{"rows"')
    connection.close()
    assert server.get("/readyz").status == 200
