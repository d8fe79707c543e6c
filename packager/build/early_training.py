"""Trains while the data are checked, each in a container of its own.

Each takes some seconds of about one processor. A check that stops the build ends the training.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from packager.build.context import BuildContext
from packager.build.train import train
from packager.manifest.evaluation import DataCheckSummary
from packager.progress import HeldProgress
from packager.runners.package import LayersWorker
from packager.runners.runner import ContainerWorker, Worker, WorkerKilledError
from packager.worker.job import Job, TrainingResult

MAX_DATA_BYTES = 64 << 20
"""Both hold the data in memory: larger ones are checked first."""
MIN_PROCESSORS = 2

Check = Callable[[], DataCheckSummary | None]


def check_and_train(
    context: BuildContext, job: Job, worker: Worker, check: Check
) -> tuple[DataCheckSummary | None, TrainingResult]:
    """The result of ``check``, which uses ``worker``, and that of the training ``job``.

    Both at the same time if the engine has the processors and the data are small. Raises
    ``PackageError`` of either, that of the check first.
    """
    if not isinstance(worker, LayersWorker) or not _fits(context):
        return check(), train(context, job, worker, context.progress)
    worker.send(context.progress)
    with _EarlyTraining(context, job, worker.beside()) as training:
        try:
            findings = check()
        except WorkerKilledError:  # maybe the memory was too small for both
            training.cancel()
            findings = check()
        try:
            result = training.result()
        except WorkerKilledError:
            return findings, train(context, job, worker, context.progress)
    worker.measures = training.worker.measures
    return findings, result


def _fits(context: BuildContext) -> bool:
    size = sum(file.size for file in context.files.data.values())
    processors = int(context.environment.machine.get("NCPU") or 1)
    return 0 < size <= MAX_DATA_BYTES and processors >= MIN_PROCESSORS


class _EarlyTraining:
    """A training in a thread; what it reports is passed on when its result is asked for."""

    def __init__(self, context: BuildContext, job: Job, worker: ContainerWorker) -> None:
        self.worker = worker
        self._context, self._job = context, job
        self._progress = HeldProgress(context.progress)
        self._result: TrainingResult | None = None
        self._error: BaseException | None = None
        # Not `Thread.join`: of one that a signal interrupts, Python 3.11 takes the thread as ended.
        self._ended = Event()

    def __enter__(self) -> Self:
        Thread(target=self._work, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._ended.is_set():
            self.cancel()

    def cancel(self) -> None:
        """End the training, and wait until its container is removed."""
        self.worker.cancel()
        self._ended.wait()

    def result(self) -> TrainingResult:
        """Wait for the result; raises what the training raised."""
        self._progress.release()
        self._ended.wait()
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def _work(self) -> None:
        try:
            self._result = train(self._context, self._job, self.worker, self._progress)
        except BaseException as error:  # raised by ``result``
            self._error = error
        finally:
            self._ended.set()
