"""Every term is a rule, and the rule holds for the rows of the term's bins: of any column."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.slices.kinds import ValueKind, kind_of_column
from monitoring.slices.slices import SliceSet
from monitoring.stats.binning import build_profile
from packager.worker.test.weak_bins import term_features
from packager.worker.test.weak_terms import TermFeature, literal, operand

pytestmark = pytest.mark.slow

ROWS = 400


def terms_of(frame: pd.DataFrame, profiled: bool = False, **kinds: str) -> list[TermFeature]:
    """The features of all columns; every term is checked against its rule."""
    columns = [(name, kinds.get(name, "any")) for name in frame.columns]
    features = build_profile(frame, columns).features if profiled else ()
    known = {one.name: one for one in features}
    found = [one for name in frame.columns for one in term_features(frame[name], name, known)]
    for feature in found:
        searched = feature.searched
        for at, term in enumerate(feature.terms):
            held = SliceSet({}, {"own": term.rule}).masks(frame)["own"]
            assert np.array_equal(held, searched.mask(at)), term.rule
    return found


def rules(frame: pd.DataFrame, **kinds: str) -> dict[str, list[str]]:
    return {one.name: [term.rule for term in one.terms] for one in terms_of(frame, **kinds)}


def test_numbers_have_fine_and_coarse_bins_and_null() -> None:
    numbers = pd.Series(np.arange(100.0))
    numbers[::10] = np.nan
    found = rules(pd.DataFrame({"body mass": numbers}))["body mass"]
    assert len(found) == 10 + 5 + 1
    assert found[0] == "`body mass` < 11"
    assert found[10] == "`body mass` < 31"
    assert found[-1] == "`body mass` is None"


def test_a_value_of_most_rows_has_its_own_bin() -> None:
    gains = np.zeros(1_000)
    gains[:80] = np.arange(1, 81)
    found = rules(pd.DataFrame({"gain": gains}))["gain"]
    assert found[0] == "gain < 1"
    assert len(found) > 5


def test_categories_have_bins_of_the_frequent_and_the_other_ones() -> None:
    texts = [f"c{at % 24 if at % 2 else 0}" for at in range(ROWS)]
    found = rules(pd.DataFrame({"class": texts, "flag": [True, None, False, True] * 100}))
    assert found["class"][0] == '`class` == "c0"'
    assert found["class"][-1].startswith("`class` not in [")
    assert found["flag"] == ["not flag", "flag", "flag is None"]


def test_times_have_ranges_and_parts() -> None:
    times = pd.Series(pd.date_range("2024-01-01", periods=ROWS, freq="7h"))
    frame = pd.DataFrame({"when": times, "zoned": times.dt.tz_localize("Europe/Berlin")})
    found = rules(frame)
    assert list(found) == [
        f"{name}{part}" for name in frame for part in ("", ".hour", ".weekday", ".month")
    ]
    assert found["when"][0] == 'when < "2024-01-12T16:00:00"'
    assert 'zoned.weekday == "Sunday"' in found["zoned.weekday"]


def _days_and_prices(rows: int = ROWS) -> pd.DataFrame:
    days = [dt.date(2023, 12, 1) + dt.timedelta(days=3 * at) for at in range(rows)]
    times = [dt.time(at % 24, at % 60, 0, at * 7 % 1_000) for at in range(rows)]
    prices = [Decimal(at * 37 % 1_000) / 100 - 3 for at in range(rows)]
    frame = pd.DataFrame({"due": days, "at": times, "price": prices}, dtype=object)
    frame.iloc[::20] = None
    return frame


@pytest.mark.parametrize("profiled", [False, True])
def test_dates_times_of_day_and_decimals_have_ranges(profiled: bool) -> None:
    frame = _days_and_prices()
    kinds = {"due": "date", "at": "time", "price": "decimal"}
    found = {one.name: one for one in terms_of(frame, profiled, **kinds)}
    assert list(found) == ["due", "due.weekday", "due.month", "at", "price"]
    texts = {name: [term.rule for term in one.terms] for name, one in found.items()}
    assert texts["due"][1].startswith('"2024-')
    assert " <= due < " in texts["due"][1]
    assert 'due.weekday == "Friday"' in texts["due.weekday"]
    assert texts["at"][0].startswith('at < "02:')
    assert texts["price"][0].startswith("price < -1.9")
    assert all(own[-1].endswith("is None") for own in texts.values())
    for name in kinds:  # every rule of the finer grid, too
        ranges = found[name].ranges
        assert ranges is not None
        for at in range(ranges.starts[-1]):
            rule = found[name].rule(0, (at, at + 1))
            held = SliceSet({}, {"own": rule}).masks(frame)["own"]
            assert np.array_equal(held, ranges.codes == at), rule


def test_rules_on_dates_times_and_decimals_load_by_the_kind_of_the_column() -> None:
    kinds: dict[str, ValueKind] = {
        name: kind_of_column(name, "object", None) for name in ("date", "time", "decimal")
    }
    frame = _days_and_prices().set_axis(list(kinds), axis=1)
    for name, texts in rules(frame).items():
        for text in texts:
            SliceSet({}, {"own": text}).check_kinds(
                {name.partition(".")[0]: kinds[name.partition(".")[0]]}
            )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.decimals(allow_nan=False), min_size=2, max_size=20))
def test_the_ranges_of_any_decimals_hold_for_their_rows(values: list[Decimal]) -> None:
    near = [value.next_minus() for value in values if value.is_finite()]
    terms_of(pd.DataFrame({"price": pd.Series([*values, *near], dtype=object)}))


def test_a_column_of_different_kinds_has_no_ranges() -> None:
    mixed = pd.Series([dt.date(2024, 1, 1), dt.time(1), Decimal(1)] * 50, dtype=object)
    assert terms_of(pd.DataFrame({"mixed": mixed})) == []


def test_text_has_length_and_words() -> None:
    draw = np.random.default_rng(0)
    words = ["refund", "order", "thanks", "hello"]
    texts = [" ".join([*draw.choice(words, 2), str(at)]) for at in range(ROWS)]
    frame = pd.DataFrame({"note": [None, *texts[1:]]})
    found = rules(frame)
    assert list(found) == ["note.length", "note.script", "note.words"]
    assert '"refund" in note.words' in found["note.words"]


def test_arrays_files_and_lists_have_what_is_derived_from_them() -> None:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "pixels": pd.Series([draw.random(4) for _ in range(ROWS)], dtype=object),
            "tags": pd.Series([["a"] * (at % 5) for at in range(ROWS)], dtype=object),
            "file": pd.Series([b"x" * (at % 7) for at in range(ROWS)], dtype=object),
        }
    )
    found = rules(frame)
    assert {"pixels.mean", "pixels.std", "pixels.norm", "tags.length", "file.bytes"} <= set(found)
    assert not any(name.endswith(("unseen", "distance", "brightness")) for name in found)


def test_bins_of_the_package_are_used() -> None:
    frame = pd.DataFrame({"x": np.arange(100.0), "c": ["a", "b", "b", "b"] * 25})
    features = build_profile(frame, [("x", "number"), ("c", "string")]).features
    new = pd.DataFrame({"x": np.arange(50.0) + 200, "c": ["z", "b"] * 25})
    known = {one.name: one for one in features}
    numbers, categories = (term_features(new[name], name, known)[0] for name in "xc")
    assert [term.rule for term in numbers.terms][9] == "x >= 90"
    assert set(numbers.codes) == {9}
    assert [term.rule for term in categories.terms] == ['c == "b"', 'c not in ["b"]']


def test_a_column_that_no_rule_can_name_has_no_terms() -> None:
    frame = pd.DataFrame({"a`b": [1.0, 2.0] * 50, "": [1.0, 2.0] * 50, "one": [1.0] * 100})
    assert terms_of(frame) == []
    assert operand("a`b") is None
    assert operand("None") == "`None`"
    assert operand("größe", "length") == "`größe`.length"


@pytest.mark.parametrize("value", ["\ud800", "x" * 201, float("nan"), float("inf"), b"a", [1]])
def test_a_value_without_a_constant_has_no_rule(value: Any) -> None:
    assert literal(value) is None


CELLS = {
    "float": st.none() | st.floats(width=64) | st.integers(-3, 3).map(float),
    "int": st.integers(-(2**62), 2**62) | st.integers(0, 4),
    "Int64": st.none() | st.integers(0, 40),
    "bool": st.booleans(),
    "boolean": st.none() | st.booleans(),
    "text": st.none() | st.text(max_size=5) | st.sampled_from(["a", "b", "None", "True"]),
    "mixed": st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["1", "a"]),
}
DTYPES = {"float": "float64", "int": "int64", "bool": "bool", "text": object, "mixed": object}


@settings(max_examples=many(60), deadline=None)
@given(st.data(), st.sampled_from(sorted(CELLS)), st.booleans(), st.booleans())
def test_rules_of_any_cells_hold_for_their_rows(
    data: st.DataObject, kind: str, category: bool, profiled: bool
) -> None:
    cells = data.draw(st.lists(CELLS[kind], min_size=1, max_size=60))
    series: pd.Series[Any] = pd.Series(cells, dtype=DTYPES.get(kind, kind))
    if kind == "int":
        series = series % 2**53
    if kind == "mixed":
        # 1 and True are equal in Python: no rule tells them apart.
        series = series.map(lambda one: int(one) if isinstance(one, bool) else one)
    if category and kind in ("text", "Int64"):
        series = series.astype("category")
    name = data.draw(st.sampled_from(["x", "is", "my x", "größe", "x.y", "a\"b'c", "column0"]))
    kinds = {"float": "number", "int": "integer", "text": "string"}
    terms_of(pd.DataFrame({name: series}), profiled, **{name: kinds.get(kind, "any")})
