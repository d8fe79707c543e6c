"""The token key and the store of scored tokens are opened before workers start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from packager.errors import UsageError
from serving.feedback.settings import FeedbackSettings
from serving.feedback.stores import KEY_DESCRIPTOR, open_keys, prepare

KEY = "1:" + "A" * 32


def settled(home: Path, **variables: str) -> tuple[dict[str, str], list[str]]:
    """The environment variables of the workers, and the warnings printed."""
    environment = dict(variables)
    told = list(prepare(FeedbackSettings.from_environment(variables), "m", home, environment))
    return environment, told


def test_without_variables_a_key_in_memory_and_a_folder_of_this_server_are_used(tmp_path: Path):
    environment, told = settled(tmp_path)
    descriptor = int(environment[KEY_DESCRIPTOR])
    try:
        assert open_keys(Path(environment["MODEL_FEEDBACK_KEY_FILE"]), "m").keys.first == 1
    finally:
        os.close(descriptor)
    assert environment["MODEL_STATE_DIR"] == str(tmp_path / "state")
    assert [line.split(":")[0] for line in told] == ["feedback"]
    assert "set MODEL_FEEDBACK_KEY_FILE for tokens that outlive it" in told[0]


def test_with_a_key_file_alone_the_labels_that_were_counted_are_forgotten(tmp_path: Path):
    (tmp_path / "keys").write_text(KEY)
    _, told = settled(tmp_path, MODEL_FEEDBACK_KEY_FILE=str(tmp_path / "keys"))
    assert len(told) == 1
    assert "set MODEL_STATE_DIR (one host) or MODEL_FEEDBACK_STORE (several)" in told[0]


def test_with_both_there_is_nothing_to_tell_and_nothing_to_change(tmp_path: Path):
    (tmp_path / "keys").write_text(KEY)
    variables = {
        "MODEL_FEEDBACK_KEY_FILE": str(tmp_path / "keys"),
        "MODEL_STATE_DIR": str(tmp_path / "state"),
    }
    assert settled(tmp_path, **variables) == (variables, [])


def test_where_feedback_is_off_nothing_is_made(tmp_path: Path):
    assert settled(tmp_path, MODEL_FEEDBACK="off") == ({"MODEL_FEEDBACK": "off"}, [])
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_used_names_its_variable(tmp_path: Path):
    (tmp_path / "keys").write_text(KEY)
    (tmp_path / "file").write_text("")
    keys = {"MODEL_FEEDBACK_KEY_FILE": str(tmp_path / "keys")}
    with pytest.raises(UsageError, match=r"MODEL_FEEDBACK_KEY_FILE: .*No such file"):
        settled(tmp_path, MODEL_FEEDBACK_KEY_FILE=str(tmp_path / "gone"))
    with pytest.raises(UsageError, match="MODEL_STATE_DIR: expected a writable location"):
        settled(tmp_path, MODEL_STATE_DIR=str(tmp_path / "file" / "state"), **keys)
    with pytest.raises(UsageError, match="MODEL_FLAGGED_LOG: expected a file that can be written"):
        settled(tmp_path, MODEL_FLAGGED_LOG=str(tmp_path / "gone" / "log"), **keys)
