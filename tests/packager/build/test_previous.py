"""The last package, tested on what a newer version of its table adds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pandas as pd
import pytest
from tested_packages import report

from packager.build import previous
from packager.errors import PackageError
from packager.image.export import Destination
from packager.location import Location
from packager.manifest.manifest import DataSource, TableVersion
from packager.manifest.policy import Policy
from packager.progress import NullProgress
from packager.project.outputs import RECORD
from packager.worker.job import PreviousTimes

PAGE = Path(__file__).parents[3] / "docs" / "new-data.md"
RECORDED = '{"tag":"stones:1.0-aaaa","root":"a","config_digests":[],"started":"","seconds":1,' \
    '"host":"","system":"","isolation":{},"git":null,"layers":[]}'  # fmt: skip


class Warned(NullProgress):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def project(
    tmp_path: Path, frame: pd.DataFrame, commit: Callable[..., Any], place: Location
) -> Any:
    commit(frame)
    commit(pd.concat([frame, frame.assign(id=frame["id"] + 500)], ignore_index=True))
    (tmp_path / RECORD).write_text(RECORDED)
    return SimpleNamespace(directory=tmp_path, table=Location(place.uri))


def opened(monkeypatch: pytest.MonkeyPatch, version: int | None) -> list[str]:
    """Have the last package be of this version of the table; the data it is tested on."""
    table = None if version is None else TableVersion(table="t", version=version)
    source = DataSource.model_construct(table=table)
    asked: list[str] = []

    @contextmanager
    def found(*_: object, **__: object) -> Iterator[object]:
        yield SimpleNamespace(
            name="stones:1.0-aaaa", manifest=SimpleNamespace(data=source, test=Policy())
        )

    def ran(_: object, request: Any, *__: object) -> object:
        asked.append(request.data)
        return SimpleNamespace(report=report())

    monkeypatch.setattr(previous, "open_reference", found)
    monkeypatch.setattr(previous, "open_verified", found)
    monkeypatch.setattr(previous, "run_test", ran)
    return asked


def last(project: Any, progress: NullProgress | None = None) -> Any:
    return previous.last_package(project, Destination("docker"), None, progress or NullProgress())


def test_it_is_tested_on_what_the_version_adds(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = opened(monkeypatch, 1)
    with last(project) as package:
        found = package.test()
    assert found is not None
    assert asked == [f"{project.table.uri}@1..2"]
    assert found.lines[0].startswith("stones:1.0-aaaa on ")
    assert found.document["verdict"] == report().verdict


@pytest.mark.parametrize("version", [2, 3, None])
def test_the_same_version_is_not_tested(
    project: Any, monkeypatch: pytest.MonkeyPatch, version: int | None
) -> None:
    asked = opened(monkeypatch, version)
    with last(project) as package:
        assert package is None
    assert asked == []


def test_without_a_table_or_an_earlier_build_nothing_is_tested(project: Any) -> None:
    with last(SimpleNamespace(directory=project.directory, table=None)) as package:
        assert package is None
    (project.directory / RECORD).unlink()
    with last(project) as package:
        assert package is None


def test_a_test_that_can_not_be_made_is_a_warning(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> object:
        raise PackageError("stones:1.0-aaaa: no such package", "build it")

    opened(monkeypatch, 1)
    monkeypatch.setattr(previous, "run_test", gone)
    progress = Warned()
    with last(project, progress) as package:
        assert package.test() is None
    monkeypatch.setattr(previous, "open_reference", gone)
    with last(project, progress) as package:
        assert package is None
    message = "the last package was not tested on the new version: stones:1.0-aaaa: no such package"
    assert progress.warnings == [message, message]


def timed(
    project: Any, monkeypatch: pytest.MonkeyPatch, *ratios: float, why: str = ""
) -> previous.PreviousTime:
    """What a build says of these ratios of processor time."""
    opened(monkeypatch, 1)
    times = PreviousTimes(tag="1.0-aaaa", ratios=ratios, why=why)
    monkeypatch.setattr(previous, "times_on", lambda *_: times)
    with last(project) as package:
        found: previous.PreviousTime = package.time("stones:1.1-bbbb")
    return found


def test_a_slower_model_than_the_last_one_is_said(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slower = timed(project, monkeypatch, 2.0, 2.1, 1.9, 2.0, 2.1, 1.9)
    assert not slower.passed
    assert slower.line == (
        "processor time, failed: a row takes 2.00 times the processor time of a row in 1.0-aaaa; "
        "the policy allows 1.25"
    )
    shown = PAGE.read_text(encoding="utf-8")
    assert f"! {slower.line.replace('1.0-aaaa', '1.0.0-e5ae96af0298')}\n" in shown
    assert slower.document["verdict"] == "failed"
    assert slower.document["ratio"] == pytest.approx(2.0, abs=0.01)
    assert timed(project, monkeypatch, 1.0, 1.1, 0.9, 1.0, 1.05, 0.95).passed


def test_a_time_that_is_unknown_is_no_good_news(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = timed(project, monkeypatch, why="fewer than 50 rows are valid for it")
    assert not unknown.passed
    assert unknown.document["verdict"] is None
    assert unknown.line == (
        "processor time was not compared with stones:1.0-aaaa: fewer than 50 rows are valid for it"
    )


@pytest.mark.parametrize("kind", ["oci", "docker-archive"])
def test_the_last_package_is_readable_while_a_build_replaces_it(
    project: Any, monkeypatch: pytest.MonkeyPatch, kind: Literal["oci", "docker-archive"]
) -> None:
    opened(monkeypatch, 1)
    place = project.directory / "image"
    if kind == "oci":
        (place / "blobs").mkdir(parents=True)
        (place / "blobs" / "one").write_text("the last one")
    else:
        place.write_text("the last one")
    seen: list[Path] = []
    found = previous.open_reference

    def noted(text: str, engine: None, *_: object, **__: object) -> Any:
        seen.append(Path(text.removeprefix(f"{kind}:")))
        return found(text, engine)

    monkeypatch.setattr(previous, "open_reference", noted)
    monkeypatch.setattr(previous, "open_verified", noted)
    with previous.last_package(project, Destination(kind, place), None, NullProgress()):
        shutil.rmtree(place) if kind == "oci" else place.unlink()
        kept = seen[1] / "blobs" / "one" if kind == "oci" else seen[1]
        assert kept.read_text() == "the last one"
    assert not kept.exists()
