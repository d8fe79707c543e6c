"""Weak slices of a frame: lines to paste, examples, personal data, what is left out."""

from __future__ import annotations

import datetime as dt
import tomllib
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.slices.kinds import kind_of_column
from monitoring.slices.slices import SliceSet
from monitoring.stats.accuracy import MeanBaseline
from monitoring.stats.slice_tests import Losses
from packager.manifest.manifest import Column
from packager.worker.test.weak import WeakOptions, rule_line, weak_slices
from packager.worker.test.weak_slice import WeakSlices

ROWS = 6_000
Floats = npt.NDArray[np.float64]


def shop() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    words = np.array(["please refund my order", "many thanks again", "where is my parcel now"])
    notes = pd.Series(words[draw.integers(0, 3, ROWS)]) + " no " + pd.Series(range(ROWS)).map(str)
    frame = pd.DataFrame(
        {
            "age": draw.integers(18, 90, ROWS).astype(float),
            "house color": draw.choice(["red", "green", 'so "blue"'], ROWS),
            "when": pd.date_range("2024-01-01", periods=ROWS, freq="97min"),
            "note": notes,
            "owner": [f"Name {at % 50}" for at in range(ROWS)],
            "flag": draw.random(ROWS) < 0.3,
        }
    )
    frame.loc[draw.random(ROWS) < 0.15, "age"] = np.nan
    return frame


def columns_of(frame: pd.DataFrame) -> list[Column]:
    kinds = {"age": "number", "when": "datetime", "flag": "boolean"}
    return [
        Column.model_validate(
            {
                "name": name,
                "kind": kinds.get(name, "string"),
                "dtype": str(frame[name].dtype),
                "nullable": True,
                "personal": "names of people" if name == "owner" else None,
            }
        )
        for name in frame
    ]


def found_in(frame: pd.DataFrame, chance: Floats, **options: Any) -> WeakSlices:
    loss = (np.random.default_rng(1).random(len(frame)) < chance).astype(float)
    expected = np.full(len(frame), 0.1)
    return weak_slices(
        frame, Losses(loss, expected), columns_of(frame), None, WeakOptions(**options)
    )


PLANTED = {
    'flag and `house color` == "so \\"blue\\""': lambda f: (
        f["flag"] & (f["house color"] == 'so "blue"')
    ),
    'when.weekday == "Wednesday"': lambda f: f["when"].dt.day_of_week == 2,
    '"refund" in note.words and age is None': lambda f: (
        f["age"].isna() & f["note"].str.contains("refund")
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("condition", PLANTED)
def test_the_line_to_paste_names_the_rows_that_were_planted(condition: str) -> None:
    frame = shop()
    rows = PLANTED[condition](frame).to_numpy(bool)
    result = found_in(frame, np.where(rows, 0.45, 0.1))
    one = result.slices[0]
    pasted = tomllib.loads(f"[slices.rules]\n{one.rule}")["slices"]["rules"]
    assert len(pasted) == 1
    mask = SliceSet({}, pasted).masks(frame)[next(iter(pasted))]
    # Words of the same texts are one word for a search: any of them names the rows.
    assert np.array_equal(mask, rows)
    assert one.rows == rows.sum()
    assert one.share == rows.mean()
    assert one.excess == pytest.approx(one.loss - one.expected)
    assert one.interval[0] < 0.35 < one.interval[1]
    assert min(other.q for other in result.slices) <= 0.05
    assert len(one.examples) == 10
    assert all(rows[example["row"]] and example["loss"] == 1 for example in one.examples)
    assert WeakSlices.model_validate_json(result.dump()) == result


def _orders() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "due": [
                dt.date(2024, 1, 1) + dt.timedelta(days=int(d)) for d in draw.integers(0, 366, ROWS)
            ],
            "at": [dt.time(int(m) // 60, int(m) % 60) for m in draw.integers(0, 1_440, ROWS)],
            "price": [Decimal(int(cents)) / 100 for cents in draw.integers(0, 10_000, ROWS)],
        },
        dtype=object,
    )


DATED = {
    "due": lambda f: f["due"].map(lambda one: dt.date(2024, 6, 1) <= one < dt.date(2024, 7, 10)),
    "due.weekday": lambda f: f["due"].map(lambda one: one.weekday() == 6),
    "at": lambda f: f["at"].map(lambda one: dt.time(22) <= one),
    "price": lambda f: f["price"].map(lambda one: one < Decimal("9.99")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DATED)
def test_lines_on_dates_times_of_day_and_decimals_load(name: str) -> None:
    frame = _orders()
    rows = DATED[name](frame).to_numpy(bool)
    loss = (np.random.default_rng(1).random(ROWS) < np.where(rows, 0.6, 0.1)).astype(float)
    kinds = {"due": "date", "at": "time", "price": "decimal"}
    columns = [
        Column.model_validate({"name": n, "kind": kind, "dtype": "object", "nullable": False})
        for n, kind in kinds.items()
    ]
    result = weak_slices(frame, Losses(loss, np.full(ROWS, 0.1)), columns, None, WeakOptions())
    assert not result.left_out
    (one,) = result.slices
    assert one.features == (name,)
    pasted = SliceSet({}, tomllib.loads(f"[slices.rules]\n{one.rule}")["slices"]["rules"])
    pasted.check_kinds({c.name: kind_of_column(c.kind, c.dtype, c.categories) for c in columns})
    mask = pasted.masks(frame)[pasted.names[-1]]
    assert (mask & rows).sum() > 0.8 * (mask | rows).sum()
    assert WeakSlices.model_validate_json(result.dump()) == result


@pytest.mark.slow
def test_values_of_personal_columns_are_never_shown() -> None:
    frame = shop()
    result = found_in(frame, np.where(frame["owner"] == "Name 7", 0.9, 0.1))
    assert result.left_out["owner"].startswith("personal data (names of people)")
    assert "Name 7" not in result.model_dump_json()
    flagged = found_in(frame, np.where(frame["flag"], 0.4, 0.1))
    assert flagged.slices[0].condition == "flag"
    assert all("owner" not in one["cells"] for one in flagged.slices[0].examples)


@pytest.mark.slow
def test_nothing_planted_is_nothing_found() -> None:
    result = found_in(shop(), np.full(ROWS, 0.1))
    assert result.slices == ()
    assert result.tried > 1_000


@pytest.mark.slow
def test_rows_without_a_loss_are_left_out() -> None:
    frame = shop()
    rows = frame["flag"].to_numpy(bool)
    loss = (np.random.default_rng(1).random(ROWS) < np.where(rows, 0.4, 0.1)).astype(float)
    loss[:1_000] = np.nan
    result = weak_slices(frame, Losses(loss), columns_of(frame), None, WeakOptions())
    assert (result.rows, result.against) == (ROWS - 1_000, "rest")
    one = result.slices[0]
    assert (one.condition, one.rows) == ("flag", int(rows[1_000:].sum()))
    assert min(example["row"] for example in one.examples) >= 1_000


@pytest.mark.slow
def test_the_effect_of_a_regression_is_relative_to_its_mean_loss() -> None:
    frame = shop()
    loss = np.random.default_rng(2).exponential(np.where(frame["flag"], 500.0, 300.0))
    result = weak_slices(frame, Losses(loss), columns_of(frame), None, WeakOptions(effect=0.1))
    assert result.effect == pytest.approx(0.1 * loss.mean())
    assert result.slices[0].condition == "flag"
    assert result.slices[0].excess == pytest.approx(200, rel=0.3)


@pytest.mark.slow
def test_against_the_baseline_of_the_package() -> None:
    frame = shop()
    chance = np.where(frame["flag"], 0.3, 0.1)
    known = MeanBaseline(0.1, 0.09, 4_000)
    result = found_in(frame, chance, against="baseline", baseline=known)
    assert (result.against, result.slices[0].expected) == ("baseline", pytest.approx(0.1))
    # Ten held-out rows of which one is wrong say next to nothing.
    few = found_in(frame, chance, against="baseline", baseline=known._replace(rows=10))
    assert few.slices == ()
    with pytest.raises(ValueError, match="expected the baseline's losses, got none"):
        found_in(frame, chance, against="baseline")


@pytest.mark.slow
def test_no_rows_and_no_features_are_no_error() -> None:
    frame = shop()
    assert found_in(frame.iloc[:0], np.zeros(0)).slices == ()
    assert found_in(frame.iloc[:3], np.zeros(3)).slices == ()
    assert found_in(frame[["owner"]], np.full(ROWS, 0.1)).searched == ()
    assert found_in(frame, np.full(ROWS, 0.1), features=0).tried == 0


@given(st.text(max_size=30).filter(lambda text: text.encode("utf-8", "ignore").decode() == text))
def test_any_condition_is_a_line_of_toml(condition: str) -> None:
    assert list(tomllib.loads(rule_line(condition)).values()) == [condition]
