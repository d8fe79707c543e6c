"""The commands on the README's first screen run as written, with the output it shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from command import PACKAGE, served

from packager.cli.commands import app
from packager.engine.engine import Engine
from packager.project.sections import ImageSection

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)


def transcript(block: str) -> list[tuple[str, str]]:
    """(command, output) pairs of a console block."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2].strip()) for part in parts]


def steady(text: str) -> str:
    """Without what differs between machines: the root, the base, the last digits of numbers."""
    text = re.sub(r"(?:(?<=-)|(?<=root ))[0-9a-f]{12}\b", "ROOT", text)
    text = re.sub(r"(?<=same layers as )\S+(?= on)", "BASE", text)
    text = re.sub(r"\b\d+(?= wheels)", "N", text)
    text = re.sub(r'"token":"[\w-]+"', '"token":"TOKEN"', text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\b\d+ (s|min)\b", "AGE", text)
    return re.sub(
        r"(?<![\d.])\d+\.\d+(e-?\d+)?(?![\d.])", lambda match: f"{float(match[0]):.3f}", text
    )


def test_every_command_is_in_the_table_and_no_other() -> None:
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    verbs |= {group.name or group.typer_instance.info.name for group in app.registered_groups}  # type: ignore[union-attr]
    assert set(re.findall(r"^\| `package (\w+)", README, re.MULTILINE)) == verbs


def test_every_link_leads_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (TOP / link).exists(), link


@pytest.fixture
def diamonds(tmp_path: Path) -> Path:
    """A copy of the example, prepared as the demo prepares it."""
    shutil.copytree(
        TOP / "examples" / "diamonds", tmp_path / "diamonds",
        ignore=shutil.ignore_patterns("data", "package.lock", "*.json"),
    )  # fmt: skip
    subprocess.run([sys.executable, "diamonds/prepare.py"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.engine
def test_the_transcript_is_what_happens(engine: Engine, base: str, diamonds: Path) -> None:
    (build, tag), (serve, url), *rest = transcript(BLOCKS[1])
    extra = [] if base == ImageSection().base else ["--base", base]
    done = shell(f"{build} {' '.join(extra)}", diamonds)
    assert steady(done) == steady(tag)
    made = done.strip()
    assert (serve, steady(url)) == (f"package serve {tag} &", "http://127.0.0.1:PORT")
    try:
        with served(made) as address:
            for command, said in rest:
                there = command.replace(tag, made).replace(url, address)
                there = there.replace(url.removeprefix("http://"), address.removeprefix("http://"))
                assert steady(shell(there, diamonds)) == steady(said)
    finally:
        engine.remove(made)
        engine.remove(f"{made}-replay")


@pytest.mark.parametrize("command", [line for line, _ in transcript(BLOCKS[0])])
def test_make_knows_what_to_do(command: str) -> None:
    """``test_drill.py`` and the test below run two of them; ``.ci/run`` runs the tests."""
    assert command.startswith("make ")
    words = command.partition("#")[0].split()
    done = subprocess.run(
        [*words, "--dry-run"], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"scripts/{words[1]}" in done.stdout


@pytest.mark.engine
@pytest.mark.long
@pytest.mark.slow
@pytest.mark.network
def test_the_demo_ends_with_the_issues_that_the_page_shows(engine: Engine) -> None:
    done = subprocess.run(
        [sys.executable, "scripts/demo.py"], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    printed = textwrap.dedent(done.stdout.partition("the most urgent first\n")[2])
    said = [(lines(command), lines(out)) for command, out in transcript(BLOCKS[2])]
    told = [(lines(command), lines(out)) for command, out in transcript(printed)]
    assert [command for command, _ in told] == [command for command, _ in said]
    for (command, out), (_, there) in zip(said, told, strict=True):
        assert there[: len(out)] == out, command


def lines(text: str) -> list[str]:
    """What is steady of each line, without the widths of columns."""
    return [" ".join(line.split()) for line in steady(text).splitlines()]


def shell(command: str, folder: Path) -> str:
    """Standard output of a line as typed, the command ``package`` found first."""
    path = f"{PACKAGE.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
