"""Starting a worker: in a container without network, or in a process of this machine."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import tarfile
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packager.engine.containers import WORK, ContainerJob
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.exit_reason import KEPT_LINES, ExitReason, killed_for_memory, kills_for_memory
from packager.image.layers import Entry, Layer, add
from packager.image.runtime import VENV
from packager.progress import Progress
from packager.runners.confined import confined
from packager.runners.local import UnpackedPackage, unpacked_package
from packager.sandbox.kernel import described
from packager.sandbox.network import ISOLATION
from packager.worker.processes.child_process import RESULTS as WORKER_RESULTS
from packager.worker.processes.environment import FIXED, PINNED_VARIABLES

START = {**FIXED, PINNED_VARIABLES: "native"}
"""Given from the start, so that only a process with another instruction set starts twice."""
RESULTS = {**WORKER_RESULTS, "predict": "answers.jsonl"}
"""What each verb writes when it is done."""
SERVED = {"predict": "serving.predict_file"}
"""Verbs that run in the served image, which holds no worker; the other ones are the worker's."""
LAST_WORDS_SECONDS = 5.0
"""How long output is awaited after its process has ended."""
DOING = {
    "run": "training",
    "check": "checking the data",
    "seeds": "training with several seeds",
    "replay": "replaying the training",
    "predict": "predicting",
}
"""What a verb is, where an error has to say it."""


class Worker(Protocol):
    """Runs a verb of the worker, or of the served image, where a package's files are."""

    isolation: str
    measures: Mapping[str, str]
    """What isolated the last run, as this program arranged it; empty before the first."""

    def run(self, verb: str, inputs: Mapping[str, bytes], output: Path, progress: Progress) -> Path:
        """Run ``verb`` on ``inputs`` (name → content); its results are then in ``output``.

        Raises ``PackageError`` with the worker's own words where it failed.
        """


class ContainerWorker:
    """A container of ``image``: no network, read-only, no capabilities, not root."""

    isolation = "container"

    def __init__(self, engine: Engine, image: str, variables: Mapping[str, str] = {}) -> None:
        self._engine = engine
        self._image = image
        self._variables = variables
        self.measures: Mapping[str, str] = {}

    def run(self, verb: str, inputs: Mapping[str, bytes], output: Path, progress: Progress) -> Path:
        self.measures = {"where": self.isolation, **described(contained=True)}
        command = [f"/{VENV}/bin/python", *_module(verb)]
        command += [f"{WORK}/{name}" for name in inputs] + [f"{WORK}/out{_file(verb)}"]
        job = ContainerJob(
            self._image,
            command,
            {**START, **self._variables, ISOLATION: "container"},
            _tar_of(inputs),
            doing=DOING[verb],
        )
        ended = self._engine.job(job, output, progress.output)
        return _result(verb, ended, output)


class LocalWorker:
    """A process under this machine's Python; an audit hook stands in for the missing network.

    As in a container every run has a fresh copy of the package's files.
    """

    isolation = "process"

    def __init__(
        self,
        layers: Sequence[Layer],
        variables: Mapping[str, str] = {},
        seconds: float | None = None,
    ) -> None:
        """``variables`` are set beside the package's own; ``seconds`` is how long a run may take,
        ``TimeoutError`` afterwards."""
        self._layers = layers
        self._variables = variables
        self._seconds = seconds
        self.measures: Mapping[str, str] = {}

    def run(self, verb: str, inputs: Mapping[str, bytes], output: Path, progress: Progress) -> Path:
        with unpacked_package(self._layers) as root, tempfile.TemporaryFile() as report:
            environment = {**root.variables(), **START, **self._variables, ISOLATION: "process"}
            output.mkdir(parents=True, exist_ok=True)
            command = confined(
                _command(root, verb, inputs, output),
                root.path,
                root.readable(),
                [*root.writable(), output],
                report.fileno(),
            )
            start = _Start(command, environment, root.path / "code", report.fileno())
            ended = _process(start, progress, self._seconds)
            report.seek(0)
            self.measures = {"where": self.isolation, **json.loads(report.read() or "{}")}
        _refuse_links(output)
        return _result(verb, ended, output)


def _command(
    root: UnpackedPackage, verb: str, inputs: Mapping[str, bytes], output: Path
) -> list[str]:
    """What runs ``verb``, with its inputs laid out."""
    work = root.path / "work"
    work.mkdir()
    for name, content in inputs.items():
        (work / name).write_bytes(content)
    command = [str(root.python), *_module(verb)]
    command += [str(work / name) for name in inputs] + [f"{output}{_file(verb)}"]
    return command


@dataclass(frozen=True)
class _Start:
    """How a process is started."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    report: int
    """The one file descriptor that it gets."""


def _process(start: _Start, progress: Progress, seconds: float | None) -> ExitReason:
    """Run ``start``; how it ended. ``TimeoutError`` after ``seconds``.

    What it started ends with it, unless that left its process group.
    """
    last: deque[str] = deque(maxlen=KEPT_LINES)
    kills = kills_for_memory()
    process = subprocess.Popen(
        start.command,
        cwd=start.folder,
        env=start.environment,
        pass_fds=[start.report],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    )
    assert process.stdout is not None
    relay = threading.Thread(target=_relay, args=(process.stdout, last, progress), daemon=True)
    relay.start()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"it took over {seconds:g} s") from error
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        relay.join(LAST_WORDS_SECONDS)
    return ExitReason(process.returncode, killed_for_memory(process.returncode, kills), tuple(last))


def _relay(lines: Iterable[str], last: deque[str], progress: Progress) -> None:
    """Keep the end of a process's output, and show all of it."""
    for line in lines:
        last.append(line.rstrip("\n"))
        progress.output(last[-1])


def _refuse_links(output: Path) -> None:
    """Raise ``PackageError`` unless a worker left plain files, folders, and links among them.

    This process reads them next: a link would have it read files that the worker may not.
    """
    top = os.path.realpath(output)
    for name, folders, files in os.walk(output):
        for path in (Path(name) / inner for inner in (*folders, *files)):
            real = Path(os.path.realpath(path))
            if not real.is_relative_to(top) or not (real.is_file() or real.is_dir()):
                raise PackageError(
                    f"the recipe left {path.relative_to(output)}, which is no plain file or leads "
                    "out of its results",
                    "have it write files and folders only",
                )


def _module(verb: str) -> list[str]:
    """What Python is started with for ``verb``."""
    return ["-m", SERVED[verb]] if verb in SERVED else ["-m", "packager.worker", verb]


def _file(verb: str) -> str:
    """What ``verb`` wants after the output folder: a file of its own, or nothing."""
    return f"/{RESULTS[verb]}" if verb in SERVED else ""


def _result(verb: str, ended: ExitReason, output: Path) -> Path:
    report, result = output / "error.json", output / RESULTS[verb]
    if report.is_file():
        error = json.loads(report.read_bytes())
        kind = UsageError if error["exit_code"] == UsageError.exit_code else PackageError
        raise kind(error["message"], error["hint"])
    if not result.is_file():
        raise PackageError(f"the worker ended with {ended.reason}", ended.hint)
    return result


def _tar_of(inputs: Mapping[str, bytes]) -> io.BytesIO:
    """The inputs, as they lie in ``WORK``."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in inputs.items():
            add(tar, Entry(name, source=content))
    file.seek(0)
    return file
