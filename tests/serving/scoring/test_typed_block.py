"""Columns checked at once: as the exact checker of requests does, or left to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.rows.request_rows import RowChecker, RowError
from packager.manifest.manifest import Column, Schema
from packager.model.row_blocks import CodedTexts, NumberColumn, RowBlock
from packager.scoring.encode import arrow_column
from serving.scoring.block_checker import BlockChecker
from serving.scoring.typed_block import TypedChecker


def column(name: str, kind: Any, dtype: str, **options: Any) -> Column:
    return Column(name=name, kind=kind, dtype=dtype, nullable=True, **options)


SCHEMA = Schema(
    features=(
        column("size", "number", "float64", minimum=-1.0, maximum=1.0),
        column("narrow", "number", "float32", minimum=-1.0, maximum=1.0),
        column("rank", "integer", "int16", minimum=0.0, maximum=9.0),
        column("colour", "string", "str", categories=("red", "blue")),
        column("note", "string", "str"),
        column("new", "boolean", "bool", categories=(True,)),
    )
)
TYPES = {
    "size": pa.float64(),
    "narrow": pa.float64(),
    "rank": pa.int64(),
    "colour": pa.string(),
    "note": pa.string(),
    "new": pa.bool_(),
}
NUMBER = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, 1.0, 1.5, -2.0, 1e300, 2.0**53, 0.1]),
    st.floats(allow_nan=False, allow_infinity=False),
)
ROW = st.fixed_dictionaries(
    {
        "size": NUMBER,
        "narrow": NUMBER,
        "rank": st.one_of(st.none(), st.integers(-3, 12), st.sampled_from([40_000, 2**53])),
        "colour": st.sampled_from(["red", "blue", "grün", "", None]),
        "note": st.sampled_from(["a", "", None, "ü"]),
        "new": st.sampled_from([True, False, None]),
    }
)


def block_of(rows: list[dict[str, Any]]) -> RowBlock:
    table = pa.Table.from_pylist(rows, pa.schema(list(TYPES.items())))
    return RowBlock(0, len(rows), {name: arrow_column(table[name]) for name in TYPES})


@given(st.lists(ROW, min_size=1, max_size=6), st.booleans())
def test_what_is_checked_at_once_equals_what_is_checked_row_by_row(
    rows: list[dict[str, Any]], strict: bool
) -> None:
    typed = TypedChecker(SCHEMA, strict=strict).check(block_of(rows))
    exact = RowChecker(SCHEMA, strict=strict)
    if typed is None:
        return
    checked = exact.check(rows)
    for found, wanted in zip(typed.columns, checked.columns, strict=True):
        assert [(type(one), repr(one)) for one in found] == [
            (type(one), repr(one)) for one in wanted
        ]
    flags: list[list[str]] = [[] for _ in rows]
    for name, places in typed.flags:
        for row in places.tolist():
            flags[row].append(name)
    assert flags == list(map(list, checked.flags))
    assert typed.anomalies == dict(checked.anomalies)


@pytest.mark.slow
@given(st.lists(ROW, min_size=1, max_size=6))
def test_a_block_is_refused_as_its_rows_are(rows: list[dict[str, Any]]) -> None:
    exact = RowChecker(SCHEMA)
    at_once = BlockChecker(SCHEMA, exact, strict=False)

    def told(check: Callable[[], object]) -> str | None:
        try:
            check()
        except RowError as error:
            return error.message
        return None

    assert told(lambda: at_once.check(block_of(rows), "fail")) == told(lambda: exact.check(rows))


def test_usual_rows_are_checked_at_once_and_rarer_ones_are_not() -> None:
    usual = {"size": 0.5, "narrow": 0.5, "rank": 3, "colour": "red", "note": "a", "new": True}
    checker = TypedChecker(SCHEMA, strict=False)
    assert checker.check(block_of([usual])) is not None
    assert checker.check(block_of([{**usual, "size": None, "colour": "mauve"}])) is not None
    infinite = block_of([{**usual, "size": float("inf")}])
    assert checker.check(infinite) is None
    without = {name: own for name, own in block_of([usual]).columns.items() if name != "rank"}
    assert checker.check(RowBlock(0, 1, without)) is None
    of_text = {**block_of([usual]).columns, "size": CodedTexts(np.array([0], np.int32), ["1"])}
    assert checker.check(RowBlock(0, 1, of_text)) is None


def test_an_unseen_text_has_no_code() -> None:
    rows = [
        {"size": 0.5, "narrow": None, "rank": 3, "colour": colour, "note": "a", "new": True}
        for colour in ("red", "mauve", None)
    ]
    found = TypedChecker(SCHEMA, strict=False).check(block_of(rows))
    assert found is not None
    assert found.seen.tolist() == [True, False, True]
    assert isinstance(found.features[1], NumberColumn)
    assert np.isnan(found.features[1].values).all()


@given(st.lists(ROW, min_size=1, max_size=60), st.integers(0, 3))
def test_the_good_rows_of_a_block_are_those_that_are_good_alone(
    rows: list[dict[str, Any]], times: int
) -> None:
    """Checked by halves as well: more rows than are checked alone."""
    usual = {"size": 0.5, "narrow": 0.5, "rank": 3, "colour": "red", "note": "a", "new": True}
    rows = [*rows, *([usual] * 40 * times)]
    exact = RowChecker(SCHEMA)

    def good(row: dict[str, Any]) -> bool:
        try:
            exact.check([row])
        except RowError:
            return False
        return True

    found = BlockChecker(SCHEMA, exact, strict=False).check(block_of(rows), "skip")
    wanted = [place for place, row in enumerate(rows) if good(row)]
    assert found.rows.tolist() == wanted
    assert [place for place, _ in found.rejected] == [
        place for place in range(len(rows)) if place not in wanted
    ]
    checked = exact.check([rows[place] for place in wanted])
    for own, other in zip(found.block.columns, checked.columns, strict=True):
        assert list(map(repr, own)) == list(map(repr, other))


def test_one_bad_row_of_many_is_found_without_a_check_of_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = {"size": 0.5, "narrow": 0.5, "rank": 3, "colour": "red", "note": "a", "new": True}
    rows = [usual] * 4_000
    rows[1_234] = {**usual, "size": float("inf")}
    exact, asked = RowChecker(SCHEMA), list[int]()
    whole = exact.check
    monkeypatch.setattr(exact, "check", lambda some: (asked.append(len(some)), whole(some))[1])
    found = BlockChecker(SCHEMA, exact, strict=False).check(block_of(rows), "skip")
    assert [place for place, _ in found.rejected] == [1_234]
    assert len(found.rows) == 3_999
    assert sum(asked) <= 16
