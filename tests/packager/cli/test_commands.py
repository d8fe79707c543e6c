"""What runs the command that the arguments name."""

from __future__ import annotations

import json

import pytest

from packager.cli import commands

pytestmark = pytest.mark.slow


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, as_json: bool = False) -> int:
    monkeypatch.setattr("sys.argv", ["package", *arguments])
    return commands.run_command(as_json=as_json)


def test_an_error_in_the_arguments_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert run(monkeypatch, "inspect", "--no-such-option", as_json=True) == 2
    told = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert "No such option" in json.dumps(told)


def test_an_error_of_a_command_has_its_own_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert run(monkeypatch, "inspect", "oci:/no/such/folder") in (1, 2)
    assert "/no/such/folder" in capsys.readouterr().err


def test_help_succeeds(monkeypatch: pytest.MonkeyPatch):
    assert run(monkeypatch, "--help") == 0
