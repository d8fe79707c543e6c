"""What an answer of a receiver means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)

from serving.http.outgoing import OutgoingAnswer
from serving.push.receiver import result_of, retry_seconds


def answer(status: int, body: bytes = b"", **headers: str) -> OutgoingAnswer:
    return OutgoingAnswer(status, headers, [body])


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "sent"), (202, "sent"), (301, "refused"), (400, "refused"), (401, "refused"),
     (404, "refused"), (413, "refused"), (429, "failed"), (500, "refused"), (502, "failed"),
     (503, "failed"), (504, "failed")],
)  # fmt: skip
def test_by_status(status: int, outcome: str) -> None:
    assert result_of(answer(status)).outcome == outcome


@given(st.integers(1, 2**63 - 1), st.text(st.characters(exclude_categories=["Cs"])))
def test_samples_that_were_dropped(points: int, why: str) -> None:
    message = ExportMetricsServiceResponse()
    message.partial_success.error_message = why
    message.partial_success.rejected_data_points = points
    found = result_of(answer(200, message.SerializeToString()))
    assert found.outcome == "partial"
    assert found.reason == f"the receiver refused {points} samples"


@given(st.binary(max_size=60))
def test_any_answer_is_read(body: bytes) -> None:
    assert result_of(answer(200, body)).outcome in ("sent", "partial")


def test_a_reason_is_short_and_printable() -> None:
    reason = result_of(answer(400, b"out of\norder \xff" + b"x" * 1000)).reason
    assert reason.startswith("expected status 200, got 400: out of order")
    assert reason.isprintable()
    assert len(reason) < 300


def test_retry_after() -> None:
    assert retry_seconds("120") == 120
    assert retry_seconds("Thu, 01 Jan 1970 00:01:00 GMT", now=20.0) == 40
    assert retry_seconds("Thu, 01 Jan 1970 00:01:00 GMT", now=90.0) == 0
    assert retry_seconds("soon") is None
    assert retry_seconds("-5") is None
    assert retry_seconds("") is None
