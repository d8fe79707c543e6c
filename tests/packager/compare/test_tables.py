"""``package data diff``: from data, from versions, and from fingerprints alone."""

import json
from pathlib import Path

import pandas as pd
import pytest

from packager.compare.tables import compare, compared_json, open_side
from packager.errors import UsageError
from packager.report.table_diff import compared_text
from packager.tables.stream import fingerprint_path

pytestmark = pytest.mark.slow


@pytest.fixture
def two(tmp_path, frame):
    after = frame.copy()
    after.loc[5, "x"] = 99.0
    after = pd.concat([after.drop(index=7), pd.DataFrame([{"id": 900, "x": 1.0, "c": "z"}])])
    frame.to_csv(tmp_path / "a.csv", index=False)
    after.to_parquet(tmp_path / "b.parquet", index=False)
    return str(tmp_path / "a.csv"), str(tmp_path / "b.parquet")


def diffed(before, after, *key):
    return compare(open_side(before), open_side(after), key)


def test_rows_are_matched_by_key(two):
    found = diffed(*two, "id")
    rows = found.row_diff
    assert (rows.added, rows.removed, rows.changed) == (1, 1, 1)
    assert rows.changed_cells == {"x": 1}
    assert rows.changed_rows == (({"id": 5, "x": 5 / 7}, {"id": 5, "x": 99.0}),)
    assert rows.added_rows == ({"id": 900, "x": 1.0, "c": "z"},)
    text = compared_text(found)
    assert "1 added, 1 removed, 1 changed" in text
    assert ["x", "maximum", "28.43", "99.00"] in [line.split() for line in text.splitlines()]
    assert next(line.split() for line in text.splitlines() if "new values" in line)[-1] == "'z'"
    assert json.loads(json.dumps(compared_json(found)))["row_diff"]["changed"] == 1


def test_rows_without_a_key_are_a_multiset(two):
    rows = diffed(*two).row_diff
    assert (rows.added, rows.removed, rows.changed) == (2, 2, 0)


def test_repeated_rows_count(tmp_path):
    pd.DataFrame({"a": [1, 1, 2]}).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame({"a": [2, 1, 2, 2]}).to_csv(tmp_path / "b.csv", index=False)
    rows = diffed(str(tmp_path / "a.csv"), str(tmp_path / "b.csv")).row_diff
    assert (rows.added, rows.removed) == (2, 1)


def test_fingerprints_alone_name_the_columns_and_the_overlap(two, tmp_path):
    (tmp_path / "a.json").write_bytes(fingerprint_path(Path(two[0])).dump())
    found = diffed(str(tmp_path / "a.json"), two[1])
    assert found.row_diff is None
    assert found.changed_columns == ("c", "id", "x")
    assert "99.0% of the distinct rows are in both" in compared_text(found)
    with pytest.raises(UsageError, match="expected the rows of both, got only the fingerprint"):
        diffed(str(tmp_path / "a.json"), two[1], "id")


def test_another_order_is_equal_and_other_columns_are_named(tmp_path, frame):
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.iloc[::-1].to_csv(tmp_path / "b.csv", index=False)
    found = diffed(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert compared_text(found) == "equal: the same 200 rows, in another order"
    frame.rename(columns={"c": "d"}).to_csv(tmp_path / "c.csv", index=False)
    found = diffed(str(tmp_path / "a.csv"), str(tmp_path / "c.csv"))
    assert (found.added_columns, found.removed_columns) == (("d",), ("c",))
    assert (found.row_diff.added, found.row_diff.removed) == (0, 0)


def test_versions_are_compared(commit, place, frame):
    commit(frame)
    commit(frame.assign(x=frame["x"] + 1))
    assert diffed(f"{place.uri}@1", f"{place.uri}@2", "id").row_diff.changed == 200


@pytest.mark.parametrize(
    ("key", "message"),
    [("nope", "expected a column of both tables"), ("c", "got repeated ones in the first table")],
)
def test_keys_that_are_none_are_refused(two, key, message):
    with pytest.raises(UsageError, match=message):
        diffed(*two, key)


def test_a_file_that_is_not_there_is_not_looked_for_among_images(tmp_path):
    with pytest.raises(UsageError, match=r"absent\.csv: expected a file or a folder, found"):
        open_side(str(tmp_path / "absent.csv"))


def test_names_that_would_steer_a_terminal_are_written_as_escapes(tmp_path):
    for name, value in (("a.csv", 1), ("b.csv", 2)):
        pd.DataFrame({"x\n\x1b[2J": [value]}).to_csv(tmp_path / name, index=False)
    text = compared_text(diffed(str(tmp_path / "a.csv"), str(tmp_path / "b.csv")))
    assert "x\\n\\x1b[2J" in text
    assert "\x1b" not in text


def test_rows_with_lists_in_them_are_shown(tmp_path):
    for name, value in (("a.parquet", [1, 2]), ("b.parquet", [3, 4])):
        pd.DataFrame({"id": [1], "x": [value]}).to_parquet(tmp_path / name)
    rows = diffed(str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"), "id").row_diff
    assert rows.changed_rows == (
        ({"id": 1, "x": "2 int64: 1, 2"}, {"id": 1, "x": "2 int64: 3, 4"}),
    )
