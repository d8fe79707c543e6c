"""A failing store is logged once a second, with its location but without its password."""

from __future__ import annotations

import logging

import pytest

from monitoring.feedback.token_store import TokenStoreError
from packager.errors import UsageError
from serving.feedback.endpoint import _Failures
from serving.feedback.settings import FeedbackSettings


def test_failures_of_the_store_are_reported_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    failures = _Failures(lambda: now)
    with caplog.at_level(logging.ERROR, logger="serving"):
        logging.getLogger("serving").propagate = True
        for number in range(1_000):
            now = number / 500
            failures.write(TokenStoreError("gone"))
        now = 7.0
        failures.write(TokenStoreError("gone"))
    assert [record.getMessage() for record in caplog.records] == [
        "labels can't be counted: gone"
    ] * 3
    assert [getattr(record, "fields", {}) for record in caplog.records] == [
        {},
        {"left_out": 499},
        {"left_out": 499},
    ]


@pytest.mark.parametrize("url", ["http://:secret@h/0", "file:///secret", "REDIS//secret", "secret"])
def test_another_store_than_a_redis_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(UsageError, match="MODEL_FEEDBACK_STORE: expected redis://") as raised:
        FeedbackSettings.from_environment({"MODEL_FEEDBACK_STORE": url})
    assert "secret" not in raised.value.message + raised.value.hint
