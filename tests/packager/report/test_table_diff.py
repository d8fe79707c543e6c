from __future__ import annotations

from packager.compare.tables import DataDiff
from packager.data.drift import ColumnDrift
from packager.data.row_overlap import Rows
from packager.report.table_diff import compared_text


def diff(names: tuple[str, ...], drift: tuple[ColumnDrift, ...] = ()) -> DataDiff:
    return DataDiff(
        equal=False,
        rows=Rows(before=1200, after=3, verdict="different", overlap=None),
        added_columns=("new\x1b",),
        removed_columns=(),
        types_differ=False,
        changed_columns=names,
        drift=drift,
    )


def test_a_changed_column_without_facts_is_named_and_hostile_names_are_escaped() -> None:
    text = compared_text(diff(("price\x1b[2J",)))
    assert "  + new\\x1b" in text
    assert "price\\x1b[2J  values" in text
    assert "\x1b" not in text


def test_drift_is_a_fact_of_the_column() -> None:
    found = ColumnDrift(name="city", psi=0.51234, z=1234.5, unseen=("Ulm",))
    rows = [line.split() for line in compared_text(diff(("city",), (found,))).splitlines()]
    assert ["changed", "what", "after"] in rows
    assert ["city", "PSI", "0.5123"] in rows
    assert ["city", "new", "values", "'Ulm'"] in rows


def test_columns_beyond_forty_are_counted() -> None:
    text = compared_text(diff(tuple(f"c{i}" for i in range(60))))
    assert "  and 20 more" in text
