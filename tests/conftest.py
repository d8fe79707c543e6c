"""Shared fixtures: an engine, a base image, and one built starter project of each kind."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
from command import NO_ENGINE, Package, forget_trainings, package
from example_counts import PROFILE, is_quick
from hypothesis import settings
from hypothesis.internal.conjecture import providers
from opened_files import watched
from samples import mark_samples, write_left
from solution_projects import SOLUTION, write_solution_projects

from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.image.base.base import find_base
from packager.image.base.debian import base_name, make_base
from packager.progress import NullProgress
from packager.project.sections import ImageSection

gc.disable()  # until all tests are collected: a tenth of the time of imports

# No test depends on the clock: the machine may be busy.
# A tenth of hypothesis' examples. `make test-long` tries ten times as many by the profile `long`.
settings.register_profile(PROFILE, deadline=None, max_examples=10)
settings.register_profile("long", deadline=None, max_examples=100)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile(PROFILE)
# Constants of this project are tried as examples only in `make test-long`: each part of the tests
# would read and parse every module that it has imported, and fit all constants to each strategy.
is_local = providers.is_local_module_file
providers.is_local_module_file = lambda file: not is_quick() and is_local(file)

pytest_plugins = ["data_fixtures", "processor_time", "table_fixtures", "worker_fixtures"]
"""Modules of ``tests/support`` with fixtures for tests in several folders, and with hooks."""
SHARED = {"local_package", "local_solution"}
"""Fixtures that build and train a package."""
GARBAGE_OBJECTS = 10_000
"""New objects after which the collector looks; Python's 700 cost more than their memory."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use a built and trained package as ``slow``: they wait for the build.

    Of the cases of a test marked ``sample(count)``, all but ``count`` are ``long``.
    """
    for item in items:
        if isinstance(item, pytest.Function) and SHARED & {*item.fixturenames}:
            item.add_marker(pytest.mark.slow)
        marked = item.get_closest_marker("engine") is not None
        if marked and "mark.engine" not in item.path.read_text(encoding="utf-8"):
            told = "scripts/test finds it by pytest.mark.engine: write that in its file"
            raise pytest.UsageError(f"{item.nodeid}: {told}")
    mark_samples(items)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Name the tests left to ``make test-long`` where ``scripts/parts`` counts them."""
    write_left(items)


def pytest_collection_finish() -> None:
    """Look for no garbage in what was imported and collected: that took a tenth of the time."""
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
    gc.enable()


@pytest.fixture(autouse=True)
def text_is_held_as_before() -> Iterator[None]:
    """Restore the pandas option that ``keep_text_plain`` sets for a serving process."""
    before = pd.get_option("mode.string_storage")
    yield
    pd.set_option("mode.string_storage", before)


@pytest.fixture(scope="session", autouse=True)
def no_training_of_an_earlier_run() -> None:
    """Builds of this run train; otherwise they would reuse what an earlier run of tests trained.

    Parts of ``scripts/test`` reuse what another part trained: the first that starts forgets.
    """
    shared = os.environ.get("MODEL_PACKAGER_SHARED")
    if shared is not None:
        try:
            (Path(shared) / "trainings-forgotten").touch(exist_ok=False)
        except FileExistsError:
            return
    forget_trainings("process")
    forget_trainings("container")


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The Docker engine; if there is none, skip the test, or fail if the engine is required."""
    found = Engine.connect()
    if found is None:
        if os.environ.get("MODEL_PACKAGER_NEEDS_ENGINE"):
            pytest.fail("no Docker engine responds, though one was asked for (YES=1)")
        pytest.skip("no Docker engine responds")
    return found


@pytest.fixture(scope="session")
def base(engine: Engine) -> str:
    """A base for the engine: the default one, or Debian's if no registry is reachable."""
    default = ImageSection().base
    if find_base(default, engine.platform, engine) is not None:
        return default
    name = base_name()
    found = None if name is None else find_base(name, default_platform(), engine)
    # A base that is in the engine but no longer in the cache counts as one from elsewhere.
    made_here = found is not None and found.saved.origin == "debian"
    if name is None or (found is None and shutil.which("mmdebstrap") is None):
        pytest.skip("no base can be pulled or made here")
    if not made_here and shutil.which("mmdebstrap") is not None:
        make_base(engine, NullProgress())
    return name


@pytest.fixture(scope="session")
def local_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The starter project, built without engine and base into an OCI folder.

    Parts of ``scripts/test`` share one: the first that needs it builds it, and others wait.
    """
    shared = os.environ.get("MODEL_PACKAGER_SHARED")
    folder = Path(shared) if shared else tmp_path_factory.mktemp("local")
    project, image, record = folder / "starter", folder / "image", folder / "built.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            assert package("init", project).code == 0
            watching = watched(project / "data" / "visits.csv", folder / "watched")
            command = ("build", project, "--output", f"oci:{image}", "--json")
            done = package(*command, env={**NO_ENGINE, **watching})
            assert done.code == 0, done.err
            record.write_text(done.out)
    return Package(str(image), project, json.loads(record.read_text()))


@pytest.fixture(scope="session")
def local_solution(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The solution of ``solution_projects``, built without engine and base; shared by all parts."""
    shared = os.environ.get("MODEL_PACKAGER_SHARED")
    folder = Path(shared) if shared else tmp_path_factory.mktemp("solutions")
    image, record = folder / "solution-image", folder / "solution.json"
    with (folder / "solution-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            project = write_solution_projects(folder / "solution")
            command = ("build", project, "--output", f"oci:{image}", "--json")
            done = package(*command, env=NO_ENGINE)
            assert done.code == 0, done.err
            record.write_text(done.out)
    return Package(str(image), folder / "solution" / SOLUTION, json.loads(record.read_text()))


@pytest.fixture(scope="session")
def engine_package(
    engine: Engine, base: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Package]:
    """The starter project, built in the engine; its images are removed after the tests."""
    project = tmp_path_factory.mktemp("engine") / "starter"
    assert package("init", project).code == 0
    done = package("build", project, "--base", base, "--json")
    assert done.code == 0, done.err
    yield Package(done.json["tag"], project, done.json)
    engine.remove(done.json["tag"])
    engine.remove(done.json["companion"]["tag"])
