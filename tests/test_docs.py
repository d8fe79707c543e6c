"""Links in the documentation resolve, and its commands exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

from packager.cli.commands import app
from packager.data.fingerprint import row_hashes
from packager.project.config import load_project
from packager.project.validate import check_columns
from packager.review.verdicts import DECISIONS
from packager.worker.replay.report import ReplayReport

TOP = Path(__file__).parent.parent
PAGES = sorted([*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")])
IDS = [page.relative_to(TOP).as_posix() for page in PAGES]
COMMAND = typer.main.get_command(app)
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
FOLDERS = ("packager", "serving", "monitoring", "tests", "docs", "benchmarks", "scripts", r"\.ci")
INLINE = re.compile(r"`(package [^`\n]+)`")
OTHER_PROGRAMS = {
    "--help": "click",
    "--install-completion": "typer",
    "--show-completion": "typer",
    "--storage": "prometheus",
    "--chance": "benchmarks/checks.py",
    "--costs": "tests/support/processor_time.py",
    "--labels": "benchmarks/checks.py",
    **dict.fromkeys(
        (
            "--extra-index-url", "--find-links", "--index-url", "--no-index", "--only-binary",
            "--pre", "--prefer-binary", "--require-hashes", "--trusted-host", "--exclude-editable",
            "--hash",
        ),
        "pip",
    ),
}  # fmt: skip
"""Options that no verb declares → the program or library that has them."""
OLD_NAMES = "docs/decisions/014-names.md"


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", text)


def anchors(text: str) -> set[str]:
    """The fragments that headings of a page have where it is shown."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        found.add(words.strip().replace(" ", "-"))
    return found


def broken_links(page: Path) -> list[str]:
    """The relative links of a page that name no file, or no heading of the file."""
    text = page.read_text(encoding="utf-8")
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, fragment = link.partition("#")
        target = page.parent / name if name else page
        there = target.exists()
        if not there or (fragment and fragment not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


def commands(text: str) -> Iterator[str]:
    """Every line of a page that calls ``package``."""
    for block in FENCE.findall(text):
        for line in block.splitlines():
            if re.match(r"(\$ )?package ", line):
                yield line.removeprefix("$ ").partition(" #")[0]
    yield from re.findall(r"^    (package .+)$", prose(text), re.MULTILINE)
    yield from INLINE.findall(prose(text))


def unknown(line: str) -> list[str]:
    """What a line calls that the command line does not have: a verb, or an option of it."""
    try:
        words = shlex.split(line.replace("…", " "))[1:]
    except ValueError:
        return [line]
    command: Any = COMMAND
    while (verbs := getattr(command, "commands", {})) and words:
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", words[0]):
            break
        if words[0] not in verbs:
            return [words[0]]
        command = verbs[words.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    options |= {name for parameter in command.params for name in parameter.secondary_opts}
    used = [word.partition("=")[0].strip("[]") for word in words]
    return [word for word in used if re.match(r"--\w", word) and word not in options]


def every_option(command: Any) -> set[str]:
    """All options of a command and its verbs."""
    found = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return found.union(*map(every_option, getattr(command, "commands", {}).values()))


def named_options(text: str) -> set[str]:
    """Options of ``package`` that a page names inline, outside of sentences about earlier names.

    A span of code is about ``package`` if it begins with an option or with a verb.
    """
    found: set[str] = set()
    for sentence in re.split(r"(?<=[.;:])\s|\n\n", prose(text)):
        if re.search(r"\b(was|were)\b", sentence):
            continue
        for span in re.findall(r"`([^`]+)`", sentence):
            first = span.split()[0] if span.split() else ""
            if first.startswith("--") or first in ("package", *COMMAND.commands):
                found.update(re.findall(r"(?<![\w-])--[a-z][a-z-]*", span))
    return found


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_option_that_a_page_names_exists(page: Path) -> None:
    if page == TOP / OLD_NAMES:
        pytest.skip("lists the names that are gone")
    known = every_option(COMMAND) | set(OTHER_PROGRAMS)
    assert named_options(page.read_text(encoding="utf-8")) - known == set()


def test_the_verdicts_of_the_page_are_those_of_the_program() -> None:
    text = (TOP / "docs" / "checks.md").read_text(encoding="utf-8")
    table = text.partition("| verdict | meaning |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == {*DECISIONS, "unset"}


def test_the_keys_of_a_replay_report_that_the_page_names_exist() -> None:
    text = (TOP / "docs" / "replay.md").read_text(encoding="utf-8")
    spans = re.findall(r"`(\w+)`(?:\s+in)?\s+`replay\.json`", text)
    spans += re.findall(r"`replay\.json`\s+ha(?:s|ve)\s+`(\w+)`", text)
    assert {"verified_by", "isolation"} <= set(spans) <= set(ReplayReport.model_fields)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_has_the_verb_and_the_options_that_it_uses(page: Path) -> None:
    lines = commands(page.read_text(encoding="utf-8"))
    assert {line: found for line in lines if (found := unknown(line))} == {}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_file_of_the_checkout_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    names = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`", text)
    assert [name for name in names if not (TOP / name).exists()] == []


def test_the_index_links_every_page() -> None:
    index = TOP / "docs" / "README.md"
    text = index.read_text(encoding="utf-8")
    linked = {(index.parent / name).resolve() for name in re.findall(r"\]\(([^)#]+)[^)]*\)", text)}
    pages = {page.resolve() for page in (TOP / "docs").rglob("*.md")} - {index.resolve()}
    assert pages <= linked


def test_the_files_of_the_tutorial_are_a_project_with_the_rows_that_it_names(
    tmp_path: Path,
) -> None:
    text = (TOP / "docs" / "tutorial.md").read_text(encoding="utf-8")
    script, recipe = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    (settings,) = re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    (tmp_path / "make_data.py").write_text(script, encoding="utf-8")
    subprocess.run([sys.executable, "make_data.py"], cwd=tmp_path, check=True)
    for name, content in {"package.toml": settings, "train.py": recipe}.items():
        (tmp_path / "parcels" / name).write_text(content, encoding="utf-8")
    (tmp_path / "parcels" / "requirements.txt").write_text("scikit-learn\n", encoding="utf-8")
    project = load_project(tmp_path / "parcels")
    check_columns(project)
    frame = pd.read_csv(tmp_path / "parcels" / "data" / "parcels.csv")
    hashes = {f"{int(value):016x}" for value in row_hashes(frame)}
    named = set(re.findall(r"(?:verdict|\d) +([0-9a-f]{16}) ", text))
    assert len(named) == 2
    assert named <= hashes


def test_unknown_verbs_options_and_links_are_seen(tmp_path: Path) -> None:
    assert unknown("package build --output oci:x") == []
    assert unknown("package data check p --nothing") == ["--nothing"]
    assert unknown("package bild p") == ["bild"]
    page = tmp_path / "page.md"
    page.write_text("# A `b` (c)\n[1](#a-b-c) [2](#other) [3](gone.md)\n", encoding="utf-8")
    assert broken_links(page) == ["#other", "gone.md"]
