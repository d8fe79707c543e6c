"""Options of the command line: each name has one meaning in all commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from typer.testing import CliRunner

from packager.build.smoke_test import READY_SECONDS
from packager.cli import build as build_verbs
from packager.cli import run as run_verbs
from packager.cli.app import complete_option
from packager.cli.commands import app
from packager.image import docker_build
from packager.run import predict
from packager.worker import job

PROGRAM = Path(sys.executable).parent / "package"
REPLACED = {
    "--out", "--update", "--verify", "--add", "--against", "--top", "--why", "--in",
    "--report", "--page", "--keep-for", "--url",
}  # fmt: skip


def verbs(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """(name, command) of every verb, those of groups too: ``data add``."""
    for word, inner in getattr(command, "commands", {}).items():
        full = f"{name} {word}".strip()
        yield full, inner
        yield from verbs(inner, full)


VERBS = dict(verbs(typer.main.get_command(app)))


def options(command: Any) -> set[str]:
    return {word for parameter in command.params for word in parameter.opts if word[0] == "-"}


def having(option: str) -> set[str]:
    return {name for name, command in VERBS.items() if option in options(command)}


def test_no_verb_has_a_second_word_for_a_meaning():
    found = {name: sorted(options(command) & REPLACED) for name, command in VERBS.items()}
    assert {name: words for name, words in found.items() if words} == {}


def test_what_is_written_goes_to_output():
    assert having("--output") == {
        "build", "base", "card", "dashboard", "sbom", "predict", "data check", "data checkout",
        "data issues", "data label-queue",
        "data labels estimate", "data labels map", "data labels show",
        "data verdicts apply", "deploy batch", "deploy kubernetes", "deploy compose",
        "deploy kserve", "deploy monitoring", "deploy sagemaker", "deploy swarm",
        "deploy remove", "deploy schedule", "deploy update",
        "issues backup", "issues export", "issues image",
        "issues tokens add",
        "pull", "score", "sign", "test",
    }  # fmt: skip


def test_the_page_of_words_lists_every_option_of_several_verbs():
    page = Path(__file__).parents[3] / "docs" / "command-line.md"
    words = set(re.findall(r"^\| `(--[\w-]+)`", page.read_text(encoding="utf-8"), re.MULTILINE))
    known = set.union(*map(options, VERBS.values()))
    assert words - known == set()
    shared = {word for word in known if len(having(word)) > 1 and word.startswith("--")}
    assert shared - words == set()


def test_every_verb_prints_json_on_demand():
    groups = {name for name, command in VERBS.items() if hasattr(command, "commands")}
    assert having("--json") == set(VERBS) - groups


def test_a_server_is_named_by_its_address_as_an_argument():
    for name in ("predict", "bench", "feedback", "drift", "dashboard"):
        (place,) = [one for one in VERBS[name].params if one.param_type_name == "argument"]
        assert place.metavar in ("REF|URL", "URL", "URL|DIR")


@pytest.mark.slow
def test_every_verb_says_what_it_is_for_in_one_line_of_help(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    groups = [name.split() for name, command in VERBS.items() if hasattr(command, "commands")]
    assert ["issues", "tokens"] in groups
    for group in ([], *groups):
        shown = CliRunner().invoke(app, [*group, "--help"], terminal_width=80).stdout
        assert not re.search(r"\w(\.\.\.|…)$", shown, re.MULTILINE)


@pytest.mark.slow
def test_verbs_are_listed_by_purpose():
    shown = CliRunner().invoke(app, ["--help"]).stdout
    found = re.findall(r"^(\w[\w ]*):\n((?:  \w.*\n)+)", shown, re.MULTILINE)
    sections = {heading: re.findall(r"^  (\w+) ", lines, re.MULTILINE) for heading, lines in found}
    assert sections == {
        "Create and build": ["init", "build", "train", "base"],
        "Inspect and compare": ["inspect", "diff", "audit", "card", "sbom", "test"],
        "Trust": ["key", "sign", "verify"],
        "Share": ["push", "pull", "export"],
        "Run": ["serve", "predict", "replay", "score", "bench"],
        "Monitor": ["drift", "dashboard", "feedback", "deploy", "issues"],
        "Data": ["data"],
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "index", "expected"),
    [("package in", 1, ["init", "inspect"]), ("package build --up", 2, ["--upgrade"])],
)
def test_a_shell_completes_verbs_and_options(words: str, index: int, expected: list[str]):
    asked = {"_PACKAGE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(index)}
    done = subprocess.run(
        [PROGRAM], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == expected


def test_what_help_says_of_a_default_is_what_the_build_takes():
    assert build_verbs.READY_SECONDS == READY_SECONDS


@pytest.mark.parametrize(
    ("option", "taken"),
    [
        (build_verbs.Builder, docker_build.Builder),
        (run_verbs.Perturbation, job.Perturbation),
        (run_verbs.Format, predict.Format),
    ],
)
def test_the_values_that_an_option_lists_are_those_that_are_taken(option: Any, taken: Any):
    """They are written twice, because the command line imports a verb's modules when it runs."""
    assert get_args(option) == get_args(taken)


@pytest.mark.parametrize(
    ("arg", "completed"),
    [
        ("--out", "--output"),
        ("--out=a=b", "--output=a=b"),
        ("--output", "--output"),
        ("--o", "--o"),
        ("--json", "--json"),
        ("--jsonfile", "--jsonfile"),
        ("-o", "-o"),
        ("out", "out"),
        ("--", "--"),
    ],
)
def test_an_unambiguous_prefix_of_an_option_is_completed(arg, completed):
    names = {"--output", "--only", "--json", "--json-file", "-o"}
    assert complete_option(arg, names) == completed


@pytest.mark.slow
def test_a_prefix_is_completed_up_to_the_end_of_options(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["data", "checkout", "gone@1", "--out", "rows.parquet"])
    assert "No such option" not in done.output
    done = CliRunner().invoke(app, ["data", "checkout", "--", "gone@1", "--out"])
    assert done.exit_code == 2
