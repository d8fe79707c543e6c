"""The last package, tested on what a newer version of its table adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from tested_packages import report

from packager.build import previous
from packager.errors import PackageError
from packager.image.export import Destination
from packager.location import Location
from packager.manifest.manifest import DataSource, TableVersion
from packager.progress import NullProgress
from packager.project.outputs import RECORD

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
    def found(*_: object) -> Iterator[object]:
        yield SimpleNamespace(name="stones:1.0-aaaa", manifest=SimpleNamespace(data=source))

    def ran(_: object, request: Any, *__: object) -> object:
        asked.append(request.data)
        return SimpleNamespace(report=report())

    monkeypatch.setattr(previous, "open_reference", found)
    monkeypatch.setattr(previous, "run_test", ran)
    return asked


def test_it_is_tested_on_what_the_version_adds(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = opened(monkeypatch, 1)
    found = previous.previous_test(project, Destination("docker"), None, NullProgress())
    assert found is not None
    assert asked == [f"{project.table.uri}@1..2"]
    assert found.lines[0].startswith("stones:1.0-aaaa on ")
    assert found.document["verdict"] == report().verdict


@pytest.mark.parametrize("version", [2, 3, None])
def test_the_same_version_is_not_tested(
    project: Any, monkeypatch: pytest.MonkeyPatch, version: int | None
) -> None:
    asked = opened(monkeypatch, version)
    assert previous.previous_test(project, Destination("docker"), None, NullProgress()) is None
    assert asked == []


def test_without_a_table_or_an_earlier_build_nothing_is_tested(project: Any) -> None:
    place = Destination("docker")
    plain = SimpleNamespace(directory=project.directory, table=None)
    assert previous.previous_test(plain, place, None, NullProgress()) is None  # type: ignore[arg-type]
    (project.directory / RECORD).unlink()
    assert previous.previous_test(project, place, None, NullProgress()) is None


def test_a_test_that_can_not_be_made_is_a_warning(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def gone(*_: object) -> Iterator[object]:
        raise PackageError("stones:1.0-aaaa: no such package", "build it")
        yield

    monkeypatch.setattr(previous, "open_reference", gone)
    progress = Warned()
    assert previous.previous_test(project, Destination("docker"), None, progress) is None
    assert progress.warnings == [
        "the last package was not tested on the new version: stones:1.0-aaaa: no such package"
    ]
