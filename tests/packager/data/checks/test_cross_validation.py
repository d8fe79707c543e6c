"""Folds that follow the split, and models that know too little to contradict a label."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from packager.data.checks.cross_validation import OutOfFold, plan_folds
from packager.data.checks.default_model import check_readable, default_model
from packager.data.checks.free_text import is_free_text
from packager.data.checks.model_skill import check_skill
from packager.data.checks.suspects import NotApplicableError
from packager.data.checks.table import table_of
from packager.manifest.manifest import Split

DRAW = np.random.default_rng(3)
WORDS = [
    "the",
    "a",
    "parcel",
    "came",
    "late",
    "and",
    "was",
    "torn",
    "but",
    "they",
    "sent",
    "another",
    "one",
    "at",
    "once",
    "thanks",
]


def sentences(rows: int) -> list[str]:
    return [" ".join(DRAW.choice(WORDS, 8)) + f" {n}" for n in range(rows)]


def frame(rows: int = 200) -> pd.DataFrame:
    found = pd.DataFrame({"x": DRAW.normal(size=rows), "g": np.arange(rows) % 20})
    found["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) // 2, "D")
    return found.assign(y=np.where(found["x"] > 0, "a", "b")).sample(frac=1, random_state=1)


@pytest.mark.parametrize("written", [str, lambda day: day, lambda day: day.year * 400 + day.day])
def test_a_split_by_time_asks_only_about_later_rows(written):
    rows = frame().reset_index(drop=True)
    rows["day"] = rows["day"].map(written)
    table = table_of(rows, "y", task="classification", split=Split(time="day", start="2024-03-01"))
    folds = plan_folds(table)
    assert len(folds.splits) == 3
    for train, test in folds.splits:
        assert folds.columns["day"].iloc[train].max() < folds.columns["day"].iloc[test].min()
    asked = np.concatenate([test for _, test in folds.splits])
    assert len(set(asked.tolist())) == len(asked) > 120


def test_a_model_that_knows_only_the_future_is_asked_about_nothing_else():
    rows = frame().reset_index(drop=True)
    table = table_of(rows, "x", task="regression", split=Split(time="day", start="2024-03-01"))

    def forecast(features, target, asked):
        assert (asked["day"] > features["day"].max()).all()
        return None, np.zeros(len(asked))

    found = plan_folds(table).answered(forecast)
    assert len(found.rows) == len(found.answers) < len(rows)


def test_rows_of_one_time_cannot_be_folded_in_time():
    rows = frame().assign(day=pd.Timestamp("2024-01-01"))
    table = table_of(rows, "y", task="classification", split=Split(time="day", start="2024-01-01"))
    with pytest.raises(NotApplicableError, match="too few different times"):
        plan_folds(table)


def test_groups_stay_together():
    table = table_of(frame(), "y", task="classification", split=Split(by=("g",)))
    folds = plan_folds(table)
    for train, test in folds.splits:
        assert not set(folds.columns["g"].iloc[train]) & set(folds.columns["g"].iloc[test])


def test_a_row_whose_class_the_fold_lacks_is_left_out():
    table = table_of(frame(), "y", task="classification")
    found = plan_folds(table).answered(lambda _f, _t, rows: (("a",), np.ones((len(rows), 1))))
    assert set(found.given.tolist()) == {0.0}


def test_columns_without_values_do_not_stop_a_stand_in():
    rows = frame().assign(blank=np.nan, one=1, wild=np.inf)
    table = table_of(rows, "y", task="classification")
    found = plan_folds(table).answered(default_model("classification"))
    assert (np.argmax(found.answers, axis=1) == found.given).mean() > 0.95
    nothing = table_of(rows[["blank", "one", "y"]], "y", task="classification")
    with pytest.raises(NotApplicableError, match="no feature has two values"):
        plan_folds(nothing).answered(default_model("classification"))


def test_a_stand_in_does_not_judge_free_text_or_a_table_too_wide():
    rows = frame().assign(text=sentences(200))
    with pytest.raises(NotApplicableError, match=r"can't read free text \(column 'text'\)"):
        check_readable(table_of(rows, "y", task="classification"))
    check_readable(table_of(frame(), "y", task="classification"))
    wide = pd.DataFrame(np.zeros((3, 600)), columns=[f"c{n}" for n in range(600)])
    with pytest.raises(NotApplicableError, match="500 features at most, got 599"):
        check_readable(table_of(wide, "c0", task="classification"))


@pytest.mark.parametrize(
    ("values", "free"),
    [
        (sentences(200), True),
        ([f"荷物が遅れて届きました番号{n}" for n in range(200)], True),
        ([f"{n:032x}" for n in range(200)], False),
        ([f"Anna Berg {n}" for n in range(200)], False),
        (["a b c d e", "f g h i j"] * 100, False),
        ([None] * 200, False),
    ],
)
def test_free_text_is_told_from_names_ids_and_categories(values, free):
    rows = frame().assign(text=pd.Series(values, dtype=object).to_numpy())
    assert is_free_text(table_of(rows, "y"), "text") is free


def classes(answers: list[list[float]], given: list[int]) -> OutOfFold:
    return OutOfFold(np.arange(len(given)), ("a", "b"), np.array(given, float), np.array(answers))


def test_a_model_no_better_than_chance_judges_nothing():
    labels = [n % 2 for n in range(100)]
    check_skill(classes([[1 - n, n] for n in labels], labels))
    guesses = [[0.4, 0.6] if n % 3 else [0.6, 0.4] for n in range(100)]
    with pytest.raises(NotApplicableError, match=r"no better than chance \(balanced accuracy 0.5"):
        check_skill(classes(guesses, labels))
    rare = [int(n < 3) for n in range(100)]
    with pytest.raises(NotApplicableError, match=r"accuracy 0\.50 of 2 classes, chance"):
        check_skill(classes([[0.97, 0.03]] * 100, rare))
    with pytest.raises(NotApplicableError, match="have one class"):
        check_skill(classes([[0.97, 0.03]] * 100, [0] * 100))


def test_numbers_no_better_than_the_median_judge_nothing():
    given = DRAW.normal(size=200)
    rows = np.arange(200)
    check_skill(OutOfFold(rows, None, given, given + 0.1))
    with pytest.raises(NotApplicableError, match="no better than the median"):
        check_skill(OutOfFold(rows, None, given, DRAW.normal(size=200)))
