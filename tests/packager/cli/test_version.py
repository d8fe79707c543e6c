"""``package --version``."""

from __future__ import annotations

import importlib.metadata
import json
import platform

import pytest
from command import package_here

VERSION = importlib.metadata.version("model-packager")


@pytest.mark.slow
def test_one_line_says_version_python_and_platform() -> None:
    done = package_here("--version")
    assert done.code == 0
    python, system = platform.python_version(), platform.platform()
    assert done.out == f"model-packager {VERSION}, Python {python}, {system}\n"
    assert json.loads(package_here("--version", "--json").out) == {
        "version": VERSION,
        "python": python,
        "platform": system,
    }


@pytest.mark.slow
def test_json_belongs_after_a_command() -> None:
    done = package_here("--json", "inspect", "x")
    assert (done.code, done.out) == (2, "")
    assert json.loads(done.err)["message"] == ("--json: expected it after a command, got it before")


@pytest.mark.slow
def test_without_a_command_there_is_help() -> None:
    done = package_here()
    assert "Usage: package [OPTIONS] COMMAND" in done.out + done.err
