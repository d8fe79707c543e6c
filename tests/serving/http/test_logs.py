from __future__ import annotations

import json
import logging
import sys
import warnings

import pytest

from modelhost.exceptions import describe_exception
from modelhost.json_logs import _warned
from serving.http.logs import (
    MAX_LINES,
    AccessLog,
    AccessLogger,
    JsonFormatter,
    trace_of,
)

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_callers_id_and_trace_are_kept() -> None:
    trace = trace_of(b"abc-1", PARENT)
    assert (trace.request_id, trace.traceparent) == (b"abc-1", PARENT)
    assert trace.fields == {
        "request_id": "abc-1",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
    }


@pytest.mark.parametrize("given", [None, b"", b"a b", b"x" * 129, b"a\r\nSet-Cookie: b", b"\xff"])
def test_an_id_that_could_do_harm_is_replaced(given: bytes | None) -> None:
    first, second = trace_of(given, None), trace_of(given, None)
    assert first.request_id != given
    assert first.request_id != second.request_id


@pytest.mark.parametrize(
    "given", [b"", b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01", PARENT[:-3], PARENT.upper()]
)
def test_a_malformed_trace_is_left_out(given: bytes) -> None:
    assert trace_of(b"a", given).traceparent is None


def test_a_warning_is_reported_without_its_message(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("serving"), "propagate", True)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", _warned)
        warnings.warn("the value 4711 is odd", RuntimeWarning, stacklevel=1)
    (record,) = caplog.records
    assert record.getMessage().startswith("RuntimeWarning at ")
    assert "4711" not in record.getMessage()


def test_an_exception_is_reported_without_its_message() -> None:
    try:
        try:
            float("Alice Liddell")
        except ValueError as error:
            raise RuntimeError("row: Alice Liddell") from error
    except RuntimeError as error:
        record = logging.LogRecord("serving", logging.ERROR, "", 1, "failed", (), sys.exc_info())
        told = describe_exception(error)
    line = JsonFormatter().format(record)
    assert "Alice" not in line
    assert json.loads(line)["exception"] == told
    assert told[0].startswith("RuntimeError < ")
    assert told[1].startswith("ValueError < ")


@pytest.mark.parametrize(
    ("which", "expected"), [("off", []), ("errors", [404, 500]), ("all", [200, 404, 500])]
)
def test_requests_are_logged_as_wanted(which: AccessLog, expected: list[int]) -> None:
    access = AccessLogger(which)
    assert [status for status in (200, 404, 500) if access.wants(status)] == expected


def test_a_flood_is_counted_instead_of_written(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    access = AccessLogger("all", clock=lambda: now[0])
    with caplog.at_level(logging.INFO):
        for second in (0.0, 1.0):
            now[0] = second
            for _ in range(MAX_LINES + 50):
                access.write(trace_of(b"a", None), {"route": "other", "status": 404})
    lines = [record for record in caplog.records if record.name == "serving.access"]
    assert len(lines) == 2 * MAX_LINES
    assert "50 access lines left out" in caplog.text
    fields = lines[0].__dict__["fields"]
    assert fields == {
        "request_id": "a",
        "route": "other",
        "status": 404,
    }
