"""A table with a damaged log: the error names the damaged entry."""

import contextlib

import pytest
from foreign_tables import log_entry
from written_logs import numbers, read_everything, rows

from packager.errors import PackageError
from packager.tables.delta import VersionedTable


@pytest.mark.parametrize("name", ["9" * 20, "9" * 200, "²" * 20, "1", "x"])
def test_other_files_in_the_log_are_no_entries(table, tmp_path, name):
    (table.path / "_delta_log" / f"{name}.json").write_text("{}")
    read_everything(table, tmp_path)


@pytest.mark.parametrize("line", ["[" * 200_000, '{"a":' * 200_000, "[]", '{"protocol":[]}', "5"])
def test_an_entry_of_another_kind_is_an_error_at_most(table, tmp_path, line):
    with log_entry(table).open("a") as log:
        log.write(line + "\n")
    with contextlib.suppress(PackageError):  # deltalake passes over some of them
        read_everything(table, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: file.write_text(""), "of its log is empty"),
        (lambda file: file.write_text('{"add": {"path'), "of its log is cut off, or not JSON"),
        (lambda file: file.unlink(), "of its log is missing"),
    ],
)
def test_a_damaged_log_is_reported_by_its_entry_and_older_versions_come_back(
    commit, place, frame, damage, message
):
    for shift in range(3):
        commit(frame.assign(x=float(shift)))
    entries = [place.path / "_delta_log" / f"{number:020}.json" for number in (2, 3)]
    damage(entries[0])
    with pytest.raises(PackageError, match=f"_delta_log/0*2.json {message}") as caught:
        VersionedTable.open(place)
    assert "the table is then at version 1" in caught.value.hint
    for entry in entries:
        entry.unlink(missing_ok=True)
    assert numbers(place) == [1]
    assert rows(place)["x"].tolist() == [0.0] * 200
