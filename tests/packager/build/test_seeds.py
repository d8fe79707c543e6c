"""The spread over seeds: its cache key, and when a build computes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from host_samples import FILES, LOCK, TOML, RecordedProgress, write_project

from packager.build import seeds
from packager.build.seeds import load_seed_variance, seed_sweep
from packager.digest import Files
from packager.environment.dependencies import Dependencies
from packager.environment.lock import LockFile
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.evaluation import SeedVariance
from packager.progress import NullProgress, Progress
from packager.project.config import load_project
from packager.project.files import ProjectFiles, read_files
from packager.runners.project import ProjectEnvironment
from packager.runners.table_data import local_data

SPREAD = SeedVariance(seeds=(0, 1), overall={"accuracy": (0.5, 0.75)}, slices={})
LOCKED = LockFile(inputs="", python=LOCK.python, platform=LOCK.platform, bases=(), wheels=())


class SeedWorker:
    """Says the same spread of every data."""

    isolation = "process"

    def run(
        self, verb: str, inputs: Mapping[str, bytes | Path], output: Path, progress: Progress
    ) -> Path:
        (output / "seeds.json").write_bytes(SPREAD.dump())
        return output / "seeds.json"


@pytest.fixture
def trained_on(monkeypatch: pytest.MonkeyPatch) -> list[Files]:
    """The data of each sweep; nothing is resolved or trained."""
    found: list[Files] = []

    @contextmanager
    def worker(_project: object, files: ProjectFiles, *_: object) -> Iterator[SeedWorker]:
        found.append(files.data)
        yield SeedWorker()

    environment = ProjectEnvironment(LOCK.platform, None, Dependencies(LOCK, LOCKED), None)
    monkeypatch.setattr(seeds, "resolve_environment", lambda *_, **__: environment)
    monkeypatch.setattr(seeds, "environment_worker", worker)
    return found


def loaded(folder: Path, heard: RecordedProgress) -> SeedVariance | None:
    with local_data(load_project(folder), NullProgress()) as project:
        return load_seed_variance(project, read_files(project), LOCK, heard)


@pytest.mark.parametrize("name", ["data/visits.csv", "train.py"])
def test_a_spread_is_taken_until_code_or_data_change(
    tmp_path: Path, trained_on: list[Files], name: str
):
    folder, heard = write_project(tmp_path / "shop"), RecordedProgress()
    assert seed_sweep(load_project(folder), 2, None, NullProgress()) == SPREAD
    assert loaded(folder, heard) == SPREAD
    assert heard.warnings == []
    (folder / name).write_text(FILES[name] + "\n")
    assert loaded(folder, heard) is None
    assert heard.warnings[0].startswith("package.seeds.json was measured on other code, data")


def test_the_data_may_be_a_version_of_a_table(
    tmp_path: Path, trained_on: list[Files], commit: Callable[..., object], cache: object
):
    toml = TOML.replace("data/visits.csv", "delta:visits")
    folder = write_project(tmp_path / "project")
    frame = pd.read_csv(folder / "data/visits.csv")
    table = Location(str(folder / ".pkgdata" / "visits"))
    commit(frame, location=table)
    (folder / "package.toml").write_text(toml)
    seed_sweep(load_project(folder), 2, None, NullProgress())
    assert [list(files) for files in trained_on] == [["source/visits.parquet"]]
    assert loaded(folder, RecordedProgress()) == SPREAD
    commit(frame.iloc[:1], location=table)
    assert loaded(folder, RecordedProgress()) is None


def test_what_cannot_be_repeated_is_refused(tmp_path: Path):
    project = load_project(write_project(tmp_path))
    with pytest.raises(UsageError, match="--seeds: expected 2 to 1000, got 1"):
        seed_sweep(project, 1, None, NullProgress())
