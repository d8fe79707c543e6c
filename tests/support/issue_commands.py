"""``package issues`` in this process: results, JSON and errors of its commands."""

from __future__ import annotations

import json
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from packager.cli.commands import app
from packager.cli.named_command import named_command
from packager.errors import PackageError


def run(*words: str) -> Result:
    named = named_command(app, ["issues", *words])
    return CliRunner().invoke(named, ["issues", *words], catch_exceptions=True)


def done(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.exception
    return result.stdout


def as_json(*words: str) -> Any:
    return json.loads(done(*words, "--json"))


def refused(*words: str) -> PackageError:
    error = run(*words).exception
    assert isinstance(error, PackageError)
    return error
