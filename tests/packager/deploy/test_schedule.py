"""Schedules: five files that other programs accept, with any name in them."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from packager.deploy.schedule import Schedule, job_name, schedule_files
from packager.errors import UsageError

ODD = 'data/it\'s 100% $x "new" #1'


def made(
    data: str = ODD, reference: str = "models/stones:1.0", name: str = "stones"
) -> dict[str, str]:
    return schedule_files(
        Schedule(name, reference, "models/stones:1.0", "models/stones:1.0-replay", data, "day")
    )


def test_every_form_runs_the_command_with_the_name_as_it_is() -> None:
    files = made()
    github = yaml.safe_load(files["github/test-stones.yml"])
    gitlab = yaml.safe_load(files["gitlab/test-stones.yml"])
    (run,) = (
        s["run"] for s in github["jobs"]["test"]["steps"] if "package test" in s.get("run", "")
    )
    script = gitlab["test-stones"]["script"][-1]
    wanted = ["package", "test", "models/stones:1.0", "--data", ODD, "--new"]
    assert shlex.split(run)[:6] == shlex.split(script)[:6] == wanted
    assert "docker pull models/stones:1.0-replay" in gitlab["test-stones"]["script"]
    assert github[True if True in github else "on"]["schedule"] == [{"cron": "17 4 * * *"}]


def test_a_folder_is_not_pulled() -> None:
    text = made(reference="oci:out")["gitlab/test-stones.yml"]
    assert "docker pull" not in text


def test_the_cron_job_runs_the_companion_without_rights() -> None:
    job = yaml.safe_load(made()["kubernetes/test-stones.yml"])
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "models/stones:1.0-replay"
    assert container["command"][-3:] == ["-m", "packager.worker", "test"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data/new", "/tmp"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for path, text in made().items():
        if path.startswith("systemd/"):
            (tmp_path / Path(path).name).write_text(text)
    units = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )
    about_us = [line for line in done.stderr.splitlines() if "test-stones" in line]
    assert about_us == []


@pytest.mark.parametrize(
    ("name", "unit"), [("stones", "test-stones"), ("Größe!", "test-gr-e"), ("*", "test-package")]
)
def test_units_have_names_that_every_system_takes(name: str, unit: str) -> None:
    assert f"systemd/{unit}.timer" in made(name=name)


def test_jobs_of_both_kinds_have_names_of_one_form() -> None:
    assert job_name("score", "My.Model_2") == "score-my-model-2"
    assert job_name("test", "é" * 80) == "test-package"
    assert len(job_name("test", "x" * 80)) == 52
    assert job_name("test", "x" * 46 + ".tail") == "test-" + "x" * 46


@pytest.mark.parametrize("text", ["a\nb", "x${{ secrets.TOKEN }}"])
def test_text_that_a_workflow_would_run_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected text that a workflow can hold"):
        made(data=text)
