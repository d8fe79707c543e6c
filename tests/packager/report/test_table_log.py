"""Versions, and what came with one, as a few lines."""

from __future__ import annotations

import pytest

from packager.data.drift import ColumnDrift
from packager.report.table_log import added_json, added_text, drift_lines, log_json, log_text
from packager.tables.delta import VersionedTable


def moved(name: str, psi: float = 0.5, z: float = 9.0) -> ColumnDrift:
    return ColumnDrift(name=name, psi=psi, z=z)


def test_only_columns_that_moved_by_more_than_chance_are_told():
    lines = list(drift_lines([moved("a"), moved("b", psi=0.001), moved("c", z=1.0)]))
    assert lines == ["a: PSI 0.500, z 9.0"]
    assert list(drift_lines([])) == ["no column moved by more than chance"]


def test_of_many_columns_the_first_are_told_and_the_rest_counted():
    lines = list(drift_lines([moved(f"c{n}") for n in range(9)]))
    assert len(lines) == 6
    assert lines[-1] == "and 4 more columns"


@pytest.fixture
def commits(commit, frame):
    return (
        commit(frame),
        commit(frame[:100].assign(new=1), change=True),
        commit(frame[:100].assign(new=1)),
    )


def test_what_came_is_told_against_the_version_before(commits):
    first, second, same = commits
    assert added_text(first) == "version 1: 200 rows, the first version"
    lines = added_text(second).splitlines()
    assert lines[0] == "version 2: 100 rows; compared with 1:"
    assert lines[1].startswith("  rows      200 → 100, ")
    assert "  columns   +new" in lines
    assert added_text(same) == "unchanged: version 2 holds these 100 rows already"
    assert (added_json(second)["compared_with"], added_json(second)["new_columns"]) == (1, ("new",))
    assert added_json(same)["unchanged"] is True


def test_the_newest_version_stands_first_in_the_log(commits, place):
    versions = VersionedTable.open(place).versions
    rows = [line.split() for line in log_text(versions).splitlines()[1:]]
    assert [row[0] for row in rows] == ["2", "1"]
    told = log_json(versions[0])
    assert told["number"] == 1
    assert "sketch" not in told["fingerprint"]
    assert told["when"] == versions[0].when
