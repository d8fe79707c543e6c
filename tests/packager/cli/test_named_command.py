"""Whatever the arguments are, the named part answers as the whole application does."""

from __future__ import annotations

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from packager.cli.commands import app
from packager.cli.named_command import named_command


def names(application: typer.Typer, *words: str) -> set[str]:
    """The names of the commands below ``words``."""
    command = get_command(application)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    return set(command.commands)  # type: ignore[attr-defined]


def test_only_the_command_that_is_named_is_there() -> None:
    assert names(named_command(app, ["build", ".", "--json"])) == {"build"}
    named = named_command(app, ["data", "labels", "add", "diff"])
    assert (names(named), names(named, "data")) == ({"data"}, {"labels"})
    assert names(named, "data", "labels") == {"add"}
    group = named_command(app, ["data"])
    assert names(group) == {"data"}
    assert names(group, "data") == names(app, "data")
    assert {"build", "data", "inspect"} <= names(app)


@pytest.mark.parametrize("words", [[], ["--help"], ["nonsense"], ["--json", "build"], [""]])
def test_if_no_command_is_named_all_of_them_are_there(words: list[str]) -> None:
    assert named_command(app, words) is app


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["build", "--help"],
        ["data", "--help"],
        ["data", "labels", "nonsense"],
        ["issues", "tokens"],
        ["deploy", "kubernetes"],
        ["inspect"],
        ["predict", "ref", "--data", "a.csv", "--format", "xml"],
    ],
    ids=" ".join,
)
def test_help_and_errors_are_those_of_the_whole(words: list[str]) -> None:
    whole = CliRunner().invoke(app, words, prog_name="package")
    named = CliRunner().invoke(named_command(app, words), words, prog_name="package")
    assert (named.exit_code, named.output) == (whole.exit_code, whole.output)
    assert whole.output
