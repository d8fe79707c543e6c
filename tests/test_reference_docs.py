"""The generated pages of docs/reference/ are those that the code makes now."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from packager.cli.commands import app
from packager.deploy.prometheus.alerts import alert_group
from packager.deploy.prometheus.rules import Alert, MonitoredModel

TOP = Path(__file__).parent.parent
FOLDER = TOP / "docs" / "reference"
MEANINGS = ("monitoring.md", "serving.md", "shadow.md", "issues-service.md", "alerts.md")


@pytest.fixture(scope="module")
def pages() -> Iterator[dict[str, str]]:
    sys.path.insert(0, str(TOP / "scripts"))
    from reference_parts.pages import generated

    yield generated()
    sys.path.remove(str(TOP / "scripts"))


def verbs(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every verb with its path."""
    for name, one in command.commands.items():
        if hasattr(one, "commands"):
            yield from verbs(one, f"{path} {name}")
        else:
            yield f"{path} {name}", one


def test_no_page_is_stale(pages: dict[str, str]) -> None:
    there = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md")}
    stale = sorted(name for name in pages | there if pages.get(name) != there.get(name))
    assert stale == [], "run `make reference`"


def test_every_verb_and_option_is_there(pages: dict[str, str]) -> None:
    text = "\n".join(pages[name] for name in pages if name.startswith("verbs"))
    sections = dict(re.findall(r"^## (package .+)\n((?:(?!## ).*\n)*)", text, re.MULTILINE))
    found = dict(verbs(typer.main.get_command(app), "package"))
    assert set(sections) == set(found)
    for called, verb in found.items():
        options = {name for one in verb.params for name in one.opts if name.startswith("--")}
        assert options <= set(re.findall(r"--[a-z][a-z-]*", sections[called])), called


def test_every_metric_has_a_meaning_on_a_page_that_people_write(pages: dict[str, str]) -> None:
    names = re.findall(r"^\| `(\w+)` \|", pages["metrics.md"], re.MULTILINE)
    assert len(names) > 60
    written = "\n".join((TOP / "docs" / page).read_text(encoding="utf-8") for page in MEANINGS)
    assert [name for name in names if not re.search(rf"`{name}[`{{]", written)] == []


def test_every_metric_that_a_server_exposes_is_there(pages: dict[str, str]) -> None:
    """Of the source: a name that is declared anywhere in monitoring/."""
    declared = {
        name
        for file in (TOP / "monitoring").rglob("*.py")
        for name in re.findall(
            r"(?:counter|gauge|histogram)\(\s*\"(model_\w+)\"", file.read_text(encoding="utf-8")
        )
    }
    assert len(declared) > 30
    assert [name for name in sorted(declared) if f"`{name}`" not in pages["metrics.md"]] == []


def test_every_alert_is_there_and_has_a_runbook(pages: dict[str, str]) -> None:
    model = MonitoredModel(
        name="m", version="v", task="classification", slices=("__all__",), features=()
    )
    names = {one.name for one in alert_group(model).rules if isinstance(one, Alert)}
    tabled = set(re.findall(r"^\| \[(\w+)\]", pages["alerts.md"], re.MULTILINE))
    assert names <= tabled
    written = (TOP / "docs" / "alerts.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### (\w+)$", written, re.MULTILINE)) == tabled


def test_the_routes_of_the_page_are_routes_of_the_server(pages: dict[str, str]) -> None:
    routes = re.findall(r"^\| `(GET|POST) (\S+)` \|", pages["http.md"], re.MULTILINE)
    assert {("POST", "/predict"), ("POST", "/feedback"), ("GET", "/metrics")} <= set(routes)
    assert "1.0.0-" not in pages["http.md"]
    assert "\\u" not in pages["http.md"]


def test_words_of_a_help_are_no_markup() -> None:
    sys.path.insert(0, str(TOP / "scripts"))
    from reference_parts.tables import cell, prose

    assert prose("see --data, `--x`; a--b; 1<=x") == "see `--data`, `--x`; a--b; 1\\<=x"
    assert prose("one_word *two* _three_") == "one_word \\*two\\* \\_three\\_"
    assert cell("a|b\nc") == "a\\|b c"
    sys.path.remove(str(TOP / "scripts"))
