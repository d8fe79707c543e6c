"""Environment variables for late labels and the flagged-rows log."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from serving.feedback.settings import FeedbackSettings


def test_without_variables_tokens_last_a_month_and_nothing_is_logged():
    found = FeedbackSettings.from_environment({})
    assert (found.on, found.days, found.store, found.state_dir, found.key_file, found.log) == (
        True,
        30.0,
        "",
        None,
        None,
        None,
    )


def test_paths_are_absolute_whatever_the_folder_of_a_worker_is(monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    found = FeedbackSettings.from_environment(
        {"MODEL_STATE_DIR": "state", "MODEL_FLAGGED_LOG": "/log/f"}
    )
    assert (found.state_dir, found.log) == (tmp_path / "state", Path("/log/f"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_FEEDBACK", "yes"),
        ("MODEL_FEEDBACK_DAYS", "0"),
        ("MODEL_FEEDBACK_DAYS", "4000"),
        ("MODEL_FLAGGED_SAMPLE_RATE", "1.5"),
        ("MODEL_FLAGGED_LOG_MAX_BYTES", "100"),
        ("MODEL_FEEDBACK_STORE", "postgres://host"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name, value):
    with pytest.raises(UsageError, match=f"{name}: expected"):
        FeedbackSettings.from_environment({name: value})


def test_the_address_of_a_store_is_not_reported_as_it_may_hold_a_password():
    with pytest.raises(UsageError) as caught:
        FeedbackSettings.from_environment({"MODEL_FEEDBACK_STORE": "http://:secret@host"})
    assert "secret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("store", ["redis://h:1/0", "rediss://h", "unix:///s"])
def test_three_kinds_of_stores_are_taken(store):
    assert FeedbackSettings.from_environment({"MODEL_FEEDBACK_STORE": store}).store == store
