"""A training runs beside the check of the data, ends with it, and is repeated if killed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from packager.build import early_training
from packager.build.early_training import MAX_DATA_BYTES, check_and_train
from packager.errors import PackageError
from packager.progress import NullProgress
from packager.runners.package import LayersWorker
from packager.runners.runner import WorkerKilledError

KILLED = WorkerKilledError("the worker ended with signal SIGKILL")


@dataclass
class Steps(NullProgress):
    """Keeps the steps that are reported."""

    steps: list[str] = field(default_factory=list)

    def step(self, text: str) -> None:
        self.steps.append(text)


class Trainings:
    """In place of ``train``: what each call does, and where it ran."""

    def __init__(self, *calls: Callable[[], str]) -> None:
        self.calls, self.workers = list(calls), []
        self.began = threading.Event()

    def __call__(self, context: Any, job: Any, worker: Any, progress: Any) -> str:
        progress.step("training")
        self.workers.append(worker)
        self.began.set()
        return self.calls.pop(0)()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> LayersWorker:
    engine: Any = object()
    image: Any = SimpleNamespace(name="training:1")
    made = LayersWorker(engine, image, {})
    monkeypatch.setattr(made, "send", lambda _: None)
    return made


def context(size: int = 100, processors: str = "2") -> Any:
    data = {"source/a.csv": SimpleNamespace(size=size)}
    environment = SimpleNamespace(machine={"NCPU": processors})
    files = SimpleNamespace(data=data)
    return SimpleNamespace(files=files, environment=environment, progress=Steps(), folder=Path())


def run(
    monkeypatch: pytest.MonkeyPatch, worker: Any, trainings: Trainings, check: Any, given: Any
) -> Any:
    monkeypatch.setattr(early_training, "train", trainings)
    job: Any = None
    return check_and_train(given, job, worker, check)


def raising(error: Exception) -> Callable[[], str]:
    def act() -> str:
        raise error

    return act


def test_both_run_at_the_same_time_and_report_in_turn(
    monkeypatch: pytest.MonkeyPatch, worker: LayersWorker
) -> None:
    given, trainings = context(), Trainings(lambda: "trained")

    def check() -> str:
        given.progress.step("checking")
        assert trainings.began.wait(60)
        return "checked"

    assert run(monkeypatch, worker, trainings, check, given) == ("checked", "trained")
    assert given.progress.steps == ["checking", "training"]
    assert trainings.workers != [worker]


@pytest.mark.parametrize(("size", "processors"), [(MAX_DATA_BYTES + 1, "8"), (100, "1"), (0, "8")])
def test_large_data_and_one_processor_are_checked_first(
    monkeypatch: pytest.MonkeyPatch, worker: LayersWorker, size: int, processors: str
) -> None:
    trainings = Trainings(lambda: "trained")

    def check() -> bool:
        return trainings.began.is_set()

    given = context(size, processors)
    assert run(monkeypatch, worker, trainings, check, given) == (False, "trained")
    assert trainings.workers == [worker]


def test_a_check_that_stops_the_build_ends_the_training(
    monkeypatch: pytest.MonkeyPatch, worker: LayersWorker
) -> None:
    ended = threading.Event()
    beside = worker.beside()
    monkeypatch.setattr(worker, "beside", lambda: beside)
    monkeypatch.setattr(beside, "cancel", ended.set)

    def training() -> str:
        assert ended.wait(60)
        raise KILLED

    given = context()
    with pytest.raises(PackageError, match="12 findings"):
        run(monkeypatch, worker, Trainings(training), raising(PackageError("12 findings")), given)
    assert ended.is_set()
    assert given.progress.steps == []


def test_a_signal_ends_the_training(monkeypatch: pytest.MonkeyPatch, worker: LayersWorker) -> None:
    ended = threading.Event()
    beside = worker.beside()
    monkeypatch.setattr(worker, "beside", lambda: beside)
    monkeypatch.setattr(beside, "cancel", ended.set)

    def training() -> str:
        main = threading.main_thread().ident
        assert main is not None
        threading.Timer(0.2, signal.pthread_kill, [main, signal.SIGINT]).start()
        assert ended.wait(60)
        raise KILLED

    # A shell has its jobs in the background ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(monkeypatch, worker, Trainings(training), lambda: "checked", context())
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.is_set()


def test_the_error_of_the_training_is_raised_after_the_check(
    monkeypatch: pytest.MonkeyPatch, worker: LayersWorker
) -> None:
    wrong = Trainings(raising(PackageError("train.py: no such column")))
    with pytest.raises(PackageError, match="no such column"):
        run(monkeypatch, worker, wrong, lambda: "checked", context())


def test_what_is_killed_beside_the_other_runs_again_alone(
    monkeypatch: pytest.MonkeyPatch, worker: LayersWorker
) -> None:
    trainings = Trainings(raising(KILLED), lambda: "trained")
    checks: list[Callable[[], str]] = [raising(KILLED), lambda: "checked"]
    given = context()
    found = run(monkeypatch, worker, trainings, lambda: checks.pop(0)(), given)
    assert found == ("checked", "trained")
    assert trainings.workers[-1] is worker
    with pytest.raises(WorkerKilledError):
        run(monkeypatch, worker, Trainings(raising(KILLED)), raising(KILLED), context())
