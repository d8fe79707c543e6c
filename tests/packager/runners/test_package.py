"""Where a worker on layers runs: in a container of a temporary image, or in a process here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from host_samples import LOCK, MANIFEST

from packager.errors import PackageError
from packager.manifest.manifest import Base
from packager.progress import NullProgress
from packager.runners import package
from packager.runners.package import layers_worker, package_worker
from packager.runners.runner import ContainerWorker, LocalWorker


class Engine:
    """An engine that notes which images it holds."""

    def __init__(self) -> None:
        self.held: list[str] = []

    def temporary(self, what: str) -> str:
        return f"temporary/{what}:1"

    def remove(self, name: str) -> None:
        self.held.remove(name)


@pytest.fixture
def engine(monkeypatch) -> Any:
    monkeypatch.setattr(
        package, "load_into", lambda engine, image, _: engine.held.append(image.name)
    )
    return Engine()


BASE = Base(reference="python:3.11", diff_ids=(), env=("LANG=C",))


@pytest.mark.parametrize("fails", [False, True])
def test_an_image_of_layers_is_sent_once_and_goes_again_whatever_happens(
    engine: Any, fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ContainerWorker, "run", lambda *_: tmp_path)
    try:
        with layers_worker([], BASE, LOCK.platform, engine) as worker:
            assert isinstance(worker, ContainerWorker)
            worker.run("run", {}, tmp_path, NullProgress())
            assert engine.held == ["temporary/training:1"]
            worker.run("run", {}, tmp_path, NullProgress())
            assert engine.held == ["temporary/training:1"]
            if fails:
                raise PackageError("the recipe failed")
    except PackageError:
        assert fails
    assert engine.held == []


def test_without_an_engine_or_a_base_it_is_a_process(engine: Any):
    for given in ((None, None), (BASE, None), (None, engine)):
        base, found = given
        with layers_worker([], base, LOCK.platform, found) as worker:
            assert isinstance(worker, LocalWorker)
    assert engine.held == []


def test_a_worker_that_runs_nothing_sends_nothing(engine: Any):
    with layers_worker([], BASE, LOCK.platform, engine):
        assert engine.held == []


def reference(**changes: Any) -> Any:
    lock = LOCK.model_copy(update=changes)
    return SimpleNamespace(
        manifest=MANIFEST,
        lock=lambda: lock,
        image=lambda **_: SimpleNamespace(layers=()),
        in_engine=lambda *_, companion: f"shop{'-companion' if companion else ''}:1",
    )


def test_a_package_as_it_is_runs_as_the_image_it_is(engine: Any):
    with package_worker(reference(), engine, NullProgress(), companion=True) as worker:
        assert isinstance(worker, ContainerWorker)
        assert worker._image == "shop-companion:1"
    assert engine.held == []


def test_a_package_for_another_machine_runs_no_process_here():
    other = reference(platform="linux/riscv64")
    with pytest.raises(PackageError, match="riscv64"), package_worker(other, None, NullProgress()):
        pass
