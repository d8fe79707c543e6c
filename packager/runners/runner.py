"""Run a worker in a container without a network, or in a process on this machine."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from modelhost.sandbox.kernel import described
from modelhost.sandbox.network import ISOLATION
from packager.engine.engine import Engine
from packager.engine.job import WORK, Cancellation, ContainerJob
from packager.errors import PackageError, UsageError
from packager.exit_reason import ExitReason
from packager.image.layers import Entry, Layer, write_members
from packager.image.runtime import HARNESS, VENV
from packager.progress import Progress
from packager.runners.confined import confined
from packager.runners.local import UnpackedPackage, unpacked_package
from packager.worker.processes.child_process import RESULTS as WORKER_RESULTS
from packager.worker.processes.environment import FIXED_VARIABLES, PINNED_ISA
from packager.worker.processes.run_to_end import run_to_end, worker_command

START_VARIABLES = {**FIXED_VARIABLES, PINNED_ISA: "native"}
"""Set at the start, so that a worker only restarts itself for another instruction set."""
RESULTS = {**WORKER_RESULTS, "predict": "answers.jsonl"}
"""Verb → the result file that it writes last."""
SERVING_VERBS = {"predict": "serving.predict_file"}
"""Verb of the served image, which has no worker → its module; all others are the worker's."""
ACTIVITIES = {
    "run": "training",
    "check": "checking the data",
    "baseline": "measuring the held-out rows",
    "seeds": "training with several seeds",
    "replay": "replaying the training",
    "flow": "asking the solution",
    "predict": "predicting",
    "test": "testing on new data",
    "timed": "measuring processor time",
    "cases": "judging the cases",
    "release": "running the solution with members of another release",
}
"""Verb → its description in errors."""


Inputs = Mapping[str, bytes | Path]
"""Name of a file → its content, or the file that holds it."""


class WorkerKilledError(PackageError):
    """The worker ended by SIGKILL, as it does if memory runs out."""


class Worker(Protocol):
    """Runs verbs of the worker, or of the served image, on a package's files."""

    isolation: str
    measures: Mapping[str, str]
    """Isolation of the last run; empty before the first run."""

    def run(self, verb: str, inputs: Inputs, output: Path, progress: Progress) -> Path:
        """Run ``verb`` on ``inputs``; return its result file in ``output``.

        Raises ``PackageError`` with the worker's message if it fails.
        """


class ContainerWorker:
    """A container of ``image`` without network and capabilities, read-only, not as root."""

    isolation = "container"

    def __init__(self, engine: Engine, image: str, variables: Mapping[str, str] = {}) -> None:
        self._engine = engine
        self._image = image
        self._variables = variables
        self._cancellation = Cancellation()
        self.measures: Mapping[str, str] = {}

    def run(self, verb: str, inputs: Inputs, output: Path, progress: Progress) -> Path:
        """As ``Worker.run``."""
        self.measures = {"where": self.isolation, **described(contained=True)}
        command = _module(verb, f"/{VENV if verb in SERVING_VERBS else HARNESS}/bin/python")
        command += [f"{WORK}/{name}" for name in inputs] + [f"{WORK}/out{_file(verb)}"]
        with tempfile.TemporaryFile() as files:
            members = [Entry(name, source=content) for name, content in inputs.items()]
            write_members(files, members)
            files.seek(0)
            job = ContainerJob(
                self._image,
                command,
                {**START_VARIABLES, **self._variables, ISOLATION: "container"},
                files,
                doing=ACTIVITIES[verb],
                cancellation=self._cancellation,
            )
            ended = self._engine.job(job, output, progress.output)
        return _result(verb, ended, output)

    def cancel(self) -> None:
        """End what it runs, and what it will run."""
        self._cancellation.cancel()


class LocalWorker:
    """A process with this machine's Python, confined by the kernel as far as it can.

    As in a container, every run has a new copy of the package's files; those of runtime and
    dependencies, which it can't write, lie in the cache.
    """

    isolation = "process"

    def __init__(
        self,
        layers: Sequence[Layer],
        variables: Mapping[str, str] = {},
        seconds: float | None = None,
    ) -> None:
        """``variables`` extend the package's. Runs raise ``TimeoutError`` after ``seconds``."""
        self._layers = layers
        self._variables = variables
        self._seconds = seconds
        self.measures: Mapping[str, str] = {}

    def run(self, verb: str, inputs: Inputs, output: Path, progress: Progress) -> Path:
        """As ``Worker.run``."""
        with unpacked_package(self._layers) as root, tempfile.TemporaryFile() as report:
            environment = {
                **root.variables(),
                **START_VARIABLES,
                **self._variables,
                ISOLATION: "process",
            }
            output.mkdir(parents=True, exist_ok=True)
            command = confined(
                _command(root, verb, inputs, output),
                root.path,
                root.readable(),
                [*root.writable(), output],
                report.fileno(),
            )
            ended = run_to_end(
                command,
                progress.output,
                seconds=self._seconds,
                cwd=root.path / "code",
                env=environment,
                pass_fds=[report.fileno()],
            )
            report.seek(0)
            self.measures = {"where": self.isolation, **json.loads(report.read() or "{}")}
        _refuse_links(output)
        return _result(verb, ended, output)


def _command(root: UnpackedPackage, verb: str, inputs: Inputs, output: Path) -> list[str]:
    """Write the inputs, and return the command that runs ``verb``."""
    work = root.path / "work"
    work.mkdir()
    for name, content in inputs.items():
        if isinstance(content, Path):
            shutil.copyfile(content, work / name)
        else:
            (work / name).write_bytes(content)
    command = _module(verb, str(root.python if verb in SERVING_VERBS else root.worker_python))
    command += [str(work / name) for name in inputs] + [f"{output}{_file(verb)}"]
    return command


def _refuse_links(output: Path) -> None:
    """Raise ``PackageError`` for special files in ``output``, and links that lead out of it.

    This process reads the output: a link could make it read files that the worker can't.
    """
    top = os.path.realpath(output)
    for name, folders, files in os.walk(output):
        for path in (Path(name) / inner for inner in (*folders, *files)):
            real = Path(os.path.realpath(path))
            if not real.is_relative_to(top) or not (real.is_file() or real.is_dir()):
                raise PackageError(
                    f"the recipe left {path.relative_to(output)}, which is not a regular file or "
                    "links outside its results",
                    "have it write files and folders only",
                )


def _module(verb: str, python: str) -> list[str]:
    """The command that runs ``verb`` with ``python``."""
    if verb in SERVING_VERBS:
        return [python, "-m", SERVING_VERBS[verb]]
    return worker_command(verb, python=python)


def _file(verb: str) -> str:
    """The file name that ``verb`` needs after the output folder; empty if none."""
    return f"/{RESULTS[verb]}" if verb in SERVING_VERBS else ""


def _result(verb: str, ended: ExitReason, output: Path) -> Path:
    report, result = output / "error.json", output / RESULTS[verb]
    if report.is_file():
        error = json.loads(report.read_bytes())
        kind = UsageError if error["exit_code"] == UsageError.exit_code else PackageError
        raise kind(error["message"], error["hint"])
    if not result.is_file():
        kind = WorkerKilledError if ended.signal == "SIGKILL" else PackageError
        raise kind(f"the worker ended with {ended.reason}", ended.hint)
    return result
