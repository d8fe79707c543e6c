"""The jobs of docs/ci.md: their schemas, their commands, and what of them runs for real."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import typer
import yaml
from ci_page import IGNORED, JOBS, NAMES, PAGE, RELEASE, SCRIPTS
from command import NO_ENGINE, PACKAGE, Package, package
from registries import registry

from packager.cli.commands import app

NEW_DATA = next(text for text in SCRIPTS if "wrong usage" in text)
SECRETS = ("SIGNING_KEY", "PASSWORD")
VERBS: Any = getattr(typer.main.get_command(app), "commands")  # noqa: B009
OF_THE_PROJECT = ("build", "test", "replay")
"""Verbs that run code of the project."""


def lines_of(jobs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(job, line) of every command of a file."""
    if "jobs" in jobs:
        for name, job in jobs["jobs"].items():
            for step in job["steps"]:
                yield from ((name, line) for line in step.get("run", "").splitlines())
        return
    for name, job in jobs.items():
        if isinstance(job, dict):
            for part in ("before_script", "script"):
                yield from ((name, line) for line in job.get(part, ()))


def called(line: str) -> list[str] | None:
    """The words of a call of ``package``, without redirections and empty variables."""
    line = re.sub(r"\$\{\w+:\+([^}]*)\}", r"\1", line.split(" || ")[0])
    words = shlex.split(re.sub(r"(?<= )>>? ?\S+$|\$\{ON:-\}|\"\$@\"", "", line))
    return words[1:] if words[:1] == ["package"] else None


CALLS = [
    *((name, *pair) for name, jobs in JOBS.items() for pair in lines_of(jobs)),
    *(("shell", "", line) for text in SCRIPTS for line in text.splitlines()),
]
COMMANDS = [(name, job, words) for name, job, line in CALLS if (words := called(line))]


@pytest.mark.parametrize("words", sorted({tuple(words) for _, _, words in COMMANDS}), ids=" ".join)
def test_the_commands_are_those_of_the_command_line(words: tuple[str, ...]) -> None:
    verb = VERBS[words[0]]
    verb.make_context(words[0], list(words[1:]))  # raises for what can't be parsed


def test_every_pipeline_does_all() -> None:
    """A push with a key signs."""
    released = {"build", "test", "replay", "audit", "sbom", "push", "verify"}
    for _, _, words in COMMANDS:
        assert words[0] != "push" or {"--key", "--evidence"} <= {*words}
    for name in ("github", "gitlab", "gitlab with docker"):
        assert {words[0] for file, _, words in COMMANDS if file == name} == released
    assert {words[0] for line in RELEASE.splitlines() if (words := called(line))} == released


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_valid_by_the_published_schemas(name: str) -> None:
    kind = "gitlab-ci" if "gitlab" in name else "github-workflows"
    place = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{kind}.json"
    schema = json.loads(place.read_text(encoding="utf-8"))
    document = JOBS[name]
    if True in document:  # YAML 1.1 reads the key `on` as a boolean
        document = {"on": document[True], **{k: v for k, v in document.items() if k is not True}}
    validator = jsonschema_rs.validator_for(schema)
    assert [error.message for error in validator.iter_errors(document)] == []
    assert not validator.is_valid({**document, "jobs" if "jobs" in document else "test": 7})


@pytest.mark.parametrize("name", ["github", "gitlab", "gitlab with docker"])
def test_no_job_has_both_secrets_and_code_of_the_project(name: str) -> None:
    for job in {job for file, job, _ in COMMANDS if file == name}:
        verbs = {words[0] for file, one, words in COMMANDS if (file, one) == (name, job)}
        text = yaml.safe_dump(JOBS[name].get("jobs", JOBS[name])[job])
        secret = any(word in text for word in SECRETS)
        assert secret == (job == "release")
        assert not (secret and verbs & {*OF_THE_PROJECT})
        if job == "release":
            assert "cache@" not in text
            assert "extends" not in text


def test_what_the_jobs_write_is_ignored() -> None:
    """Else it would be packaged as code: the shell makes a file before the command reads others."""
    lines = IGNORED[".gitignore"].split()
    written = {one for _, _, line in CALLS for one in re.findall(r"(?<= > )([\w.]+)$", line)}
    assert {"build.json", "replay.json", "pushed", "verified.json"} <= written
    written |= {"packaged/", "tested/", ".cache/", "sbom.cdx.json", ".package-tests/", ".program/"}
    assert {f"/{one}" for one in written} == {*lines}
    assert IGNORED[".dockerignore"].split() == ["new/"]


def test_no_secret_is_an_argument_of_a_program() -> None:
    for name, job, line in CALLS:
        words = shlex.split(line)
        told = [one for one in words if one.startswith("$") and one.endswith("PASSWORD")]
        assert not told or words[0].endswith("printf"), (name, job, line)


def test_the_image_of_a_job_without_an_engine_has_the_version_of_the_base() -> None:
    """The interpreter that runs the program compiles for the base."""
    (base,) = re.findall(r"library/python:([\d.]+)-slim", PAGE)
    image = JOBS["gitlab"]["default"]["image"]
    assert re.fullmatch(r"python:([\d.]+)-\w+", image)[1] == base  # type: ignore[index]
    assert base.count(".") == 2


def test_jobs_may_do_no_more_than_read() -> None:
    for name in ("github", "new data on github"):
        assert JOBS[name]["permissions"] == {"contents": "read"}
    assert JOBS["github"]["jobs"]["release"]["permissions"] == {
        "contents": "read",
        "packages": "write",
    }


def test_reports_are_published_of_failed_jobs_too() -> None:
    steps = JOBS["new data on github"]["jobs"]["test"]["steps"]
    assert steps[-1]["if"] == "${{ !cancelled() }}"
    assert steps[-1]["with"]["path"] == "tested"
    assert "--output tested" in steps[-2]["run"]
    for job in (JOBS["new data on gitlab"]["new data"], JOBS["gitlab"]["test"]):
        assert job["artifacts"]["when"] == "always"
        assert job["artifacts"]["reports"] == {"junit": "tested/junit.xml"}


def written(text: str, folder: Path) -> Path:
    path = folder / "script"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def run(script: Path, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    path = f"{PACKAGE.parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **NO_ENGINE, "PATH": path, **more}
    return subprocess.run(
        [script, *map(str, arguments)],
        cwd=script.parent, env=env, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@pytest.mark.long
def test_the_script_tests_a_package_and_tells_what_went_wrong(
    tmp_path: Path, local_package: Package
) -> None:
    script = written(NEW_DATA, tmp_path)
    data = local_package.project / "data" / "visits.csv"
    done = run(script, local_package.reference, data, "--local", "--json")
    tested = script.parent / "tested"
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tested.iterdir()) == [
        "index.html", "junit.xml", "report.json", "summary.md",
    ]  # fmt: skip
    assert json.loads(done.stdout)["verdict"] in ("passed", "inconclusive")
    rows = len(data.read_text(encoding="utf-8").splitlines()) - 1
    assert json.loads((tested / "report.json").read_text(encoding="utf-8"))["rows"] == rows
    assert ElementTree.parse(tested / "junit.xml").getroot().attrib["failures"] == "0"

    wrong = run(script, local_package.reference, script.parent / "absent.csv", "--local")
    assert (wrong.returncode, wrong.stderr.splitlines()[-1]) == (2, "wrong usage")
    assert not (
        tested / "report.json"
    ).exists()  # that of the earlier test would be taken for this one


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.network
def test_the_script_releases_a_package(tmp_path: Path, local_package: Package) -> None:
    project, key = tmp_path / "shop", tmp_path / "release.key"
    shutil.copytree(local_package.project, project, ignore=shutil.ignore_patterns(".git"))
    password = {"MODEL_PACKAGER_KEY_PASSWORD": "of the key"}
    assert package("key", key, env=password).code == 0
    script = written(RELEASE, tmp_path)
    data = project / "data" / "visits.csv"
    with registry(tmp_path / "registry") as running:
        target = f"{running.host}/team/shop"
        done = run(script, project, data, target, key, ON="--local", **password)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "pushed").read_text().startswith(f"{target}@sha256:")
    assert json.loads((tmp_path / "verified.json").read_bytes())["verified"] is True

    refused = run(script, project, tmp_path / "absent.csv", target, key, ON="--local", **password)
    assert refused.returncode == 2
    assert "absent.csv" in refused.stderr
