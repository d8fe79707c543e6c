"""Verdicts become removed rows and changed cells, with the types of the data."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.fingerprint import row_hashes
from packager.errors import UsageError
from packager.review.corrections import MAX_FIX_CHAIN, corrected_table, corrections_of
from packager.review.verdicts import Verdict

FRAME = pd.DataFrame(
    {"name": ["ann", "bob", "bob"], "size": [1, 2, 2], "big": [True, False, False]}
)


def row_hash(frame: pd.DataFrame, place: int) -> str:
    return f"{int(row_hashes(frame)[place]):016x}"


def fix(frame: pd.DataFrame, place: int, column: str, value: str) -> Verdict:
    return Verdict(row_hash=row_hash(frame, place), verdict="fix", column=column, value=value)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.sets(st.sampled_from("abc")))
def test_one_copy_of_each_row_stays_and_the_first_one(names, deduped):
    frame = pd.DataFrame({"name": pd.Series(names, dtype=object)})
    hashes = {name: row_hash(frame, names.index(name)) for name in names}
    given = [Verdict(row_hash=hashes[name], verdict="dedupe") for name in deduped & {*names}]
    found = corrections_of(frame, given)
    first = {name: names.index(name) for name in names}
    stays = [name not in deduped or place == first[name] for place, name in enumerate(names)]
    assert found.remaining.tolist() == stays
    assert found.dropped == stays.count(False)
    assert found.unused == ()


def test_a_fix_reaches_every_copy_of_its_row_and_no_other():
    found = corrections_of(FRAME, [fix(FRAME, 1, "size", "7")])
    assert found.cells == {(1, "size"): "7", (2, "size"): "7"}
    assert found.remaining.all()


def test_a_verdict_that_no_row_has_is_reported_and_changes_nothing():
    found = corrections_of(FRAME, [Verdict(row_hash="0" * 16, verdict="drop")])
    assert found.unused == ("0" * 16,)
    assert found.remaining.all()
    assert not found.cells


def test_a_verdict_may_name_what_a_row_was_fixed_to():
    fixed = FRAME.assign(size=[5, 2, 2])
    given = [fix(FRAME, 0, "size", "5"), Verdict(row_hash=row_hash(fixed, 0), verdict="drop")]
    found = corrections_of(FRAME, given)
    assert found.remaining.tolist() == [False, True, True]
    assert found.unused == ()


def test_fixes_that_lead_back_to_where_they_began_come_to_an_end():
    frame = FRAME[["size"]].iloc[:1]
    other = frame.assign(size=[9])
    found = corrections_of(frame, [fix(frame, 0, "size", "9"), fix(other, 0, "size", "1")])
    assert found.cells[0, "size"] == ("1" if MAX_FIX_CHAIN % 2 == 0 else "9")


@pytest.mark.parametrize(
    ("column", "value"), [("size", "many"), ("size", "1.5"), ("big", "perhaps"), ("big", "1")]
)
def test_a_value_that_its_column_can_not_hold_is_refused(column, value):
    with pytest.raises(UsageError, match=f"column '{column}'.*got '{value}'"):
        corrections_of(FRAME, [fix(FRAME, 0, column, value)])


def test_a_column_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(UsageError, match="got 'weight'") as caught:
        corrections_of(FRAME, [fix(FRAME, 0, "weight", "1")])
    assert caught.value.hint == "its columns are name, size, big"


TABLE = pa.table(
    {
        "name": pa.array(["ann", "bob", "bob"]).dictionary_encode(),
        "size": pa.array([1, 2, 2], pa.int32()),
        "big": [True, False, False],
    }
)


def test_a_table_keeps_its_own_types():
    found = corrections_of(FRAME, [fix(FRAME, 0, "name", "eve"), fix(FRAME, 1, "size", "7")])
    made = corrected_table(TABLE, found)
    assert made.schema == TABLE.schema
    assert made.to_pydict() == {
        "name": ["eve", "bob", "bob"], "size": [1, 7, 7], "big": [True, False, False],
    }  # fmt: skip


def test_an_empty_value_is_a_null():
    made = corrected_table(TABLE, corrections_of(FRAME, [fix(FRAME, 0, "size", "")]))
    assert made["size"].to_pylist() == [None, 2, 2]


def test_a_value_beyond_the_tables_type_is_refused():
    found = corrections_of(FRAME, [fix(FRAME, 0, "size", "3000000000")])
    with pytest.raises(UsageError, match=r"column 'size' \(int32\), got '3000000000'"):
        corrected_table(TABLE, found)
