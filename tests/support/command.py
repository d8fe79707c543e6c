"""Runs the command ``package`` as a user does; describes the shared packages."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import warm_processes

from packager import cli
from packager.cache import cache_directory
from packager.runners.result_cache import RECORD, TRAINED

PACKAGE = Path(sys.executable).parent / "package"
NO_ENGINE = {"DOCKER_HOST": "tcp://127.0.0.1:1"}


@dataclass(frozen=True)
class Done:
    """The result of a run of ``package``."""

    code: int
    out: str
    err: str
    process: int = 0

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def package(
    *arguments: object,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    warm: bool = True,
) -> Done:
    """Run the command as a user does.

    ``warm``: in a process that has imported its libraries and this project; else in a new
    interpreter, for tests of what that reads and imports when it starts.
    """
    variables, pipe = {**os.environ, **(env or {})}, subprocess.PIPE
    words = [*map(str, arguments)]
    if warm:
        process = warm_processes.package(words, variables, stdout=pipe, stderr=pipe, cwd=cwd)
    else:
        process = subprocess.Popen(
            [PACKAGE, *words], stdout=pipe, stderr=pipe, text=True, cwd=cwd, env=variables
        )
    out, err = process.communicate()
    return Done(process.returncode, out, err, process.pid)


def package_here(*arguments: object) -> Done:
    """Run the command in this process, which has imported its libraries already."""
    out, err = io.StringIO(), io.StringIO()
    given, path = sys.argv, os.environ["PATH"]
    handlers = {stop: signal.getsignal(stop) for stop in (signal.SIGINT, signal.SIGTERM)}
    sys.argv = ["package", *map(str, arguments)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            cli.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
        return Done(code, out.getvalue(), err.getvalue(), os.getpid())
    finally:
        sys.argv, os.environ["PATH"] = given, path
        for stop, handler in handlers.items():
            signal.signal(stop, handler)
    raise AssertionError("the command ends by SystemExit")


def killed_at(step: str, *arguments: object, env: dict[str, str]) -> None:
    """Start a build and kill -9 it, and all it started, as soon as it says ``step``."""
    process = subprocess.Popen(
        [PACKAGE, "build", *map(str, arguments)],
        env={**os.environ, **env},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    heard = next((line for line in process.stderr if step in line), None)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert heard is not None
    assert process.returncode == -signal.SIGKILL


def forget_trainings(where: str) -> None:
    """Remove cached results of trainings in a ``process`` or a ``container``.

    The next build there trains, also of a project built before. Tests that run beside have theirs.
    """
    for record in cache_directory(TRAINED).glob(f"[!.]*/{RECORD}"):
        with contextlib.suppress(FileNotFoundError):
            if json.loads(record.read_bytes())["isolation"]["where"] == where:
                shutil.rmtree(record.parent, ignore_errors=True)


@dataclass(frozen=True)
class Package:
    """A built package: its reference, its project, and the JSON output of ``build``."""

    reference: str
    project: Path
    built: dict[str, Any]


@contextmanager
def served(*arguments: object, env: dict[str, str] | None = None) -> Iterator[str]:
    """Serve a package and yield its address; it is stopped as by Ctrl-C."""
    words = ["serve", *map(str, arguments), "--port", "0"]
    variables, pipe = {**os.environ, **(env or {})}, subprocess.PIPE
    process = warm_processes.package(words, variables, stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url, process.communicate()[1]
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def ask(url: str, document: Any = None) -> tuple[int, Any]:
    """Status and JSON of a GET, or of a POST if there is a document."""
    body = None if document is None else json.dumps(document).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def left_behind(done: Done) -> list[str]:
    """Work folders that a run of ``package`` left in the cache; other runs may be building."""
    names = [path.name for path in cache_directory("work").iterdir()]
    return [name for name in names if name.startswith(f"{done.process}-")]


def series(url: str) -> dict[str, float]:
    """Every series of ``/metrics``."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}
