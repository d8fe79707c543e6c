"""The files of stored labels: exact, checked, and removed only if nothing needs them."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from labelled_tables import QUALITY, VOTES, labelled

from packager.errors import PackageError
from packager.location import Location
from packager.tables.delta import VersionedTable
from packager.tables.errors import VacuumedError
from packager.tables.labels.store import (
    FOLDER,
    SCHEMA,
    Labels,
    discard_labels,
    no_labels,
    read_labels,
    unused_files,
    write_labels,
)
from packager.tables.pins import Pin, pin
from packager.tables.vacuum import vacuum


def labels_file(location):
    version = VersionedTable.open(location).latest
    return location.path / FOLDER / version.labels.file, version


def test_equal_labels_give_equal_bytes_in_any_order(tmp_path):
    cells = [
        ("1", "s", "ann", "x", None, None, None, "f"),
        ("0", "s", "bob", "y", 0.5, 0.9, None, "f"),
    ]
    frame = pd.DataFrame(cells, columns=SCHEMA.names, dtype=object)
    place = Location(str(tmp_path / "t"))
    one, other = (
        write_labels(place, Labels(rows, (), (QUALITY,))) for rows in (frame, frame.iloc[::-1])
    )
    assert one.file != other.file
    assert one.sha256 == other.sha256
    assert not discard_labels(place, one, [])
    assert [path.name for path in (place.path / FOLDER).iterdir()] == [other.file]


def test_other_programs_read_the_labels(parts):
    labelled(parts)
    file, _ = labels_file(parts)
    counts = duckdb.sql(f"select annotator, count(*) from '{file}' group by 1 order by 1")
    assert counts.fetchall() == [("ann", 3), ("bob", 2)]


def test_a_changed_or_absent_file_is_an_error_that_names_it(parts):
    labelled(parts)
    file, version = labels_file(parts)
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"x")
    with pytest.raises(PackageError, match="expected the content that the log says"):
        read_labels(parts, version)
    file.unlink()
    with pytest.raises(VacuumedError, match="the labels of version 3 no longer exist"):
        read_labels(parts, version)


def test_a_log_that_names_rows_of_other_columns_is_refused(parts, tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "x.parquet")
    labelled(parts)
    file, version = labels_file(parts)
    content = (tmp_path / "x.parquet").read_bytes()
    file.write_bytes(content)
    from packager.digest import sha256_bytes

    named = version.labels.model_copy(update={"sha256": sha256_bytes(content), "count": 1})
    with pytest.raises(PackageError, match="or other columns"):
        read_labels(parts, version.model_copy(update={"labels": named}))


def test_a_link_in_the_folder_of_labels_is_refused(parts, tmp_path):
    (parts.path / FOLDER / "x.parquet").symlink_to(tmp_path / "outside")
    with pytest.raises(PackageError, match="expected all its files within its folder"):
        VersionedTable.open(parts)


@pytest.mark.slow
def test_gc_removes_labels_of_old_versions_that_nothing_needs(parts):
    for number in range(3):
        labelled(parts, [(number, "ann", "good")], source=str(number))
    pin(parts, Pin(version=3, needed_by="package p"))
    listed = vacuum(parts, 1, [], delete=False)
    assert len(listed.files) == 2
    assert listed.size > 0
    assert vacuum(parts, 1, [], delete=True).files == listed.files
    store = VersionedTable.open(parts)
    assert len(read_labels(parts, store.version(3)).frame) == 1
    assert len(read_labels(parts, store.version(5)).frame) == 3
    with pytest.raises(VacuumedError):
        read_labels(parts, store.version(4))
    assert unused_files(parts, store.versions, [3]) == {}


def test_a_file_that_no_version_names_yet_stays(parts):
    labelled(parts, VOTES)
    waiting = write_labels(parts, Labels(no_labels(), (), ()))
    vacuum(parts, 1, [], delete=True)
    assert (parts.path / FOLDER / waiting.file).is_file()
