"""What ``--data`` names: files, folders, versions of tables, and what is new of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from packager.errors import UsageError
from packager.location import Location
from packager.manifest.manifest import Manifest
from packager.progress import NullProgress
from packager.testing.ledger import Ledger
from packager.testing.new_data import DataArgument, NewData, resolve

Commit = Callable[..., Any]
ROOT = "a" * 64


class FakeLedger(Ledger):
    """A ledger that has seen some files or a version."""

    def __init__(self, files: frozenset[str] = frozenset(), version: int | None = None) -> None:
        super().__init__(Path("nowhere"))
        object.__setattr__(self, "_seen", (files, version))

    def seen_files(self, root: str) -> frozenset[str]:
        return self._seen[0]  # type: ignore[attr-defined,no-any-return]

    def last_version(self, root: str, data: str) -> int | None:
        return self._seen[1]  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def manifest() -> Manifest:
    return Manifest.model_construct(data="none")


@pytest.fixture
def resolved(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., NewData]:
    monkeypatch.setattr(Manifest, "root", ROOT)

    def of(text: str, ledger: Ledger | None = None) -> NewData:
        folder = tmp_path / "exported"
        folder.mkdir(exist_ok=True)
        return resolve(DataArgument.parse(text), manifest, ledger, folder, NullProgress())

    return of


def test_a_file_and_a_folder_are_read_as_they_are(
    tmp_path: Path, resolved: Callable[..., NewData]
) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / "new").mkdir(exist_ok=True)
        (tmp_path / "new" / name).write_text(f"x\n{name}\n")
    whole = resolved(str(tmp_path / "new"))
    assert (sorted(whole.files), whole.source) == (["a.csv", "b.csv"], "")
    one = resolved(str(tmp_path / "new" / "a.csv"))
    assert (sorted(one.files), one.source) == (["a.csv"], "a.csv")


def test_of_a_folder_only_files_that_were_not_tested_are_new(
    tmp_path: Path, resolved: Callable[..., NewData]
) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "b.csv").write_text("x\n2\n")
    seen = resolved(str(tmp_path)).files["a.csv"].sha256
    assert [*resolved(str(tmp_path), FakeLedger(frozenset({seen}))).files] == ["b.csv"]
    every = frozenset(file.sha256 for file in resolved(str(tmp_path)).files.values())
    assert resolved(str(tmp_path), FakeLedger(every)).empty


@pytest.fixture
def table(frame: pd.DataFrame, commit: Commit, place: Location) -> Location:
    commit(frame)
    more = frame.assign(id=frame["id"] + 1_000)
    commit(pd.concat([frame, more.iloc[:7]], ignore_index=True))
    commit(pd.concat([frame, more.iloc[:10]], ignore_index=True))
    return place


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "rows", "version"),
    [("", 210, 3), ("@1", 200, 1), ("@1..2", 7, 2), ("@2..3", 3, 3), ("@1..", 10, 3)],
)
def test_a_version_of_a_table_and_what_it_adds(
    table: Location, resolved: Callable[..., NewData], suffix: str, rows: int, version: int
) -> None:
    found = resolved(f"{table.uri}{suffix}")
    (file,) = found.files.values()
    assert (len(pd.read_parquet(file.path)), found.version) == (rows, version)


@pytest.mark.slow
def test_of_a_table_only_rows_after_the_tested_version_are_new(
    table: Location, resolved: Callable[..., NewData]
) -> None:
    found = resolved(table.uri, FakeLedger(version=2))
    assert len(pd.read_parquet(next(iter(found.files.values())).path)) == 3
    assert resolved(table.uri, FakeLedger(version=3)).empty
    assert len(resolved(table.uri, FakeLedger()).files) == 1


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError) as raised:
        DataArgument.parse("nothing.csv")
    assert raised.value.message == (
        "--data nothing.csv: expected a file, a folder or a table, but it does not exist"
    )


def test_the_ledger_is_beside_the_data(tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("x\n")
    assert DataArgument.parse(str(tmp_path / "new.csv")).state == tmp_path / ".package-tests"
    assert DataArgument("s3://bucket/table", Location("s3://bucket/table")).state is None
