"""Errors with ``--json``: one JSON object on the last line of stderr."""

from __future__ import annotations

import json

import pytest

from packager.errors import PackageError


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("build", "--nonsense"), "No such option: --nonsense", "see `package build --help`"),
        (("predict", "ref"), "Missing option '--data'.", "see `package predict --help`"),
        (
            ("predict", "ref", "--data", "a.csv", "--format", "csv"),
            "--format csv: expected no --json with it",
            "keep one of the two",
        ),
        (("predict", "http://", "--data", "a"), "http://: expected an address", "begin with"),
    ],
)
def test_an_error_is_one_json_object_where_json_is_requested(run, arguments, message, hint):
    code, out, err = run(*arguments, "--json")
    assert (code, out) == (2, "")
    told = json.loads(err)
    assert told.keys() == {"message", "hint", "exit_code"}
    assert told["exit_code"] == 2
    assert told["message"].startswith(message)
    assert told["hint"].startswith(hint)


def test_an_error_without_a_hint_has_null_there_and_shows_no_password(run, monkeypatch):
    def fail(*_: object) -> None:
        raise PackageError("https://ann:secret@127.0.0.1/: \x1b[2J", "")

    monkeypatch.setattr("packager.cli.run.opened", fail)
    code, out, err = run("predict", "r", "--data", "a", "--local", "--json")
    assert (code, out) == (1, "")
    assert json.loads(err.splitlines()[-1]) == {
        "message": "https://***@127.0.0.1/: \x1b[2J",
        "hint": None,
        "exit_code": 1,
    }
    assert "\x1b" not in err
