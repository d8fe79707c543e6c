"""The jobs of docs/ci.md: their YAML, their commands, and the script, which runs for real."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from command import NO_ENGINE, PACKAGE, Package

from packager.cli.commands import app

PAGE = (Path(__file__).parent.parent / "docs" / "ci.md").read_text(encoding="utf-8")
GITHUB, GITLAB = map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.M))
[SCRIPT] = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def scripts() -> Iterator[str]:
    """Every command of the jobs."""
    for step in GITHUB["jobs"]["test"]["steps"]:
        if "run" in step:
            yield step["run"]
    yield from GITLAB["new data"]["script"]


def test_the_commands_of_the_jobs_exist() -> None:
    verbs: Any = typer.main.get_command(app)
    called = [words for line in scripts() if (words := shlex.split(line))[0] == "package"]
    assert [words[1] for words in called] == ["build", "test"] * 2
    for _, verb, *words in called:
        known = {name for parameter in verbs.commands[verb].params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known


def test_a_failed_test_is_published_too() -> None:
    steps = GITHUB["jobs"]["test"]["steps"]
    assert steps[-1]["if"] == "${{ !cancelled() }}"
    assert steps[-1]["with"]["path"] == "tested"
    assert "--output tested" in steps[-2]["run"]
    artifacts = GITLAB["new data"]["artifacts"]
    assert artifacts["when"] == "always"
    assert artifacts["reports"] == {"junit": "tested/junit.xml"}


def test_a_job_may_do_no_more_than_read() -> None:
    assert GITHUB["permissions"] == {"contents": "read"}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "test-new-data"
    path.write_text(SCRIPT, encoding="utf-8")
    path.chmod(0o755)
    return path


def run(script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    path = f"{PACKAGE.parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **NO_ENGINE, "PATH": path}
    return subprocess.run(
        [script, *map(str, arguments)],
        cwd=script.parent, env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_the_script_tests_a_package_and_tells_what_went_wrong(
    script: Path, local_package: Package
) -> None:
    data = local_package.project / "data" / "visits.csv"
    done = run(script, local_package.reference, data, "--local", "--json")
    tested = script.parent / "tested"
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tested.iterdir()) == [
        "index.html", "junit.xml", "report.json", "summary.md",
    ]  # fmt: skip
    assert json.loads(done.stdout)["verdict"] in ("passed", "inconclusive")
    assert ElementTree.parse(tested / "junit.xml").getroot().attrib["failures"] == "0"

    wrong = run(script, local_package.reference, script.parent / "absent.csv", "--local")
    assert (wrong.returncode, wrong.stderr.splitlines()[-1]) == (2, "wrong usage")
    assert not (
        tested / "report.json"
    ).exists()  # that of the earlier test would be taken for this one
