"""What ``make demo`` chooses on this machine, and that Ctrl-C stops what it has started."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from host_samples import write_project
from saved_bases import of_this_machine

from packager.image.base.saved import BaseImage

SCRIPTS = Path(__file__).parents[1] / "scripts"
OWN = f"package-base:bookworm-python{sys.version_info[0]}.{sys.version_info[1]}"
ENGINE: Any = type("Engine", (), {"platform": "linux/amd64"})()
PACKAGE = """#!/bin/sh
trap 'echo stopped >>"$0.signals"' INT
echo started >"$0.started"
for _ in $(seq 600); do
    [ -e "$0.signals" ] && sleep 0.5 && exit 130
    sleep 0.1
done
"""
"""A program that takes a moment to stop, as one that removes a container does."""
INTERRUPTED = """
import sys
sys.path.insert(0, sys.argv[1])
from demo_parts import paths, processes
from pathlib import Path
paths.PACKAGE, paths.WORK = Path(sys.argv[2]), Path(sys.argv[2]).parent
sys.exit(processes.stopped_by_signals(lambda: processes.run(["build"])))
"""


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The demo's part that chooses a base, with a project whose base is in no cache."""
    monkeypatch.syspath_prepend(SCRIPTS)
    module = importlib.import_module("demo_parts.project")
    monkeypatch.setattr(module.paths, "PROJECT", write_project(tmp_path / "diamonds"))
    monkeypatch.setattr(module, "base_name", lambda: OWN)
    return module


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("demo_parts.processes")


@pytest.mark.parametrize(
    ("change", "engine", "chosen"),
    [
        ({}, None, True),
        ({}, ENGINE, True),
        ({"origin": "elsewhere", "version": "3.11.99"}, None, False),
        ({"origin": "elsewhere", "version": "3.11.99"}, ENGINE, True),
        ({"python": "3.99", "version": "3.99.0"}, None, False),
    ],
)
def test_the_demo_builds_with_a_base_that_runs_here(
    project: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    change: dict[str, str],
    engine: Any,
    chosen: bool,
) -> None:
    held = BaseImage(of_this_machine(**change), tmp_path, engine)
    found = {OWN: held}
    monkeypatch.setattr(project, "find_base", lambda name, *_: found.get(name))
    assert project.base_option(engine) == (["--base", OWN] if chosen else [])


def test_a_lock_that_an_earlier_version_left_is_made_again(
    project: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(project.paths, "TOP", tmp_path)
    project.forget_other_version()
    lock = project.paths.PROJECT / "package.lock"
    lock.write_text("version = 0\n")
    project.forget_other_version()
    assert not lock.exists()


@pytest.mark.parametrize("failed", [False, True])
def test_a_base_that_cannot_be_made_ends_the_demo_only_with_an_engine(
    project: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failed: bool
) -> None:
    bases: dict[str, BaseImage] = {}

    def make(arguments: list[str], keep: int, *, check: bool) -> str:
        assert arguments == ["base"]
        if failed:
            return sys.exit(1) if check else ""
        bases[OWN] = BaseImage(of_this_machine(), tmp_path, None)
        return OWN

    monkeypatch.setattr(project, "find_base", lambda name, *_: bases.get(name))
    monkeypatch.setattr(project, "run", make)
    monkeypatch.setattr(project.shutil, "which", lambda _: "/usr/bin/mmdebstrap")
    assert project.base_option(None) == ([] if failed else ["--base", OWN])
    if failed:
        with pytest.raises(SystemExit):
            project.base_option(ENGINE)


def test_a_signal_waits_for_the_end_of_the_block(processes: ModuleType):
    finished = []

    def start() -> None:
        with processes.deferred_signals():
            signal.raise_signal(signal.SIGINT)
            finished.append("process")

    handler = signal.default_int_handler
    before = signal.signal(signal.SIGINT, handler)  # a shell in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            start()
        assert finished == ["process"]
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_is_passed_on_once_and_the_demo_waits_for_the_end(tmp_path: Path, number: int):
    program = tmp_path / "package"
    program.write_text(PACKAGE)
    program.chmod(0o755)
    command = [sys.executable, "-c", INTERRUPTED, str(SCRIPTS), str(program)]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not (tmp_path / "package.started").exists():
        assert running.poll() is None
    os.killpg(running.pid, number)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert told.split("\n")[1::2] == [
        "stopping `package build`, which removes what it has started",
        "stopped",
    ]
    assert (tmp_path / "package.signals").read_text() == "stopped\n"
