"""Each detector finds its own kind of dirt, and nothing in a clean table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dirty_tables import ROWS, clean, rows_of, said
from sklearn.datasets import load_iris

from packager.data.checks.categories import typo, unseen_category
from packager.data.checks.columns import constant, id_like
from packager.data.checks.duplicates import conflicting_label, duplicate
from packager.data.checks.expectations import DeclaredColumn, Expectations
from packager.data.checks.extremes import impossible_zero, isolated_extreme
from packager.data.checks.leakage import group_overlap, leakage, time_overlap
from packager.data.checks.missing import missing
from packager.data.checks.mixed_types import mixed_types
from packager.data.checks.outliers import outlier, robust_scores
from packager.data.checks.placeholders import placeholder
from packager.data.checks.ranges import ranges
from packager.data.checks.run import WITH_MODELS, WITHOUT_MODELS
from packager.data.checks.schema import schema
from packager.data.checks.target_leakage import target_leakage
from packager.data.frames import infer_columns
from packager.manifest.manifest import Split

HALF = np.arange(ROWS) >= ROWS // 2


@pytest.mark.parametrize("name", [*WITHOUT_MODELS, *WITH_MODELS])
def test_a_clean_table_has_nothing_to_find(name):
    detector = {**WITHOUT_MODELS, **WITH_MODELS}[name]
    assert said(detector, clean(), held_out=HALF) == []


def test_a_zero_far_from_all_other_values_is_impossible():
    frame = clean()
    frame.loc[[3, 70], "size"] = 0.0
    found = said(impossible_zero, frame)
    assert rows_of(found) == [3, 70]
    assert found[0].score == pytest.approx(0.98, abs=0.01)


def test_a_zero_in_counts_or_among_small_values_is_possible():
    frame = clean()
    draw = np.random.default_rng(0)
    frame["children"] = draw.poisson(4, ROWS)
    frame["waiting"] = draw.exponential(5, ROWS)
    frame.loc[5, "waiting"] = 0.0
    assert said(impossible_zero, frame) == []


def test_a_value_apart_from_all_others_is_an_isolated_extreme():
    frame = clean()
    frame.loc[[8, 9], "size"] = [58.9, 31.8]
    found = said(isolated_extreme, frame)
    assert rows_of(found) == [8, 9]
    assert "as all other rows" in found[0].expected


def test_a_long_tail_is_no_isolated_extreme():
    frame = clean()
    frame["income"] = np.random.default_rng(1).lognormal(10, 1, ROWS)
    assert said(isolated_extreme, frame) == []


def test_nulls_are_flagged_where_a_value_is_the_rule():
    frame = clean()
    frame.loc[7, "size"] = np.nan
    assert rows_of(said(missing, frame)) == [7]
    frame.loc[:99, "size"] = np.nan
    assert said(missing, frame) == []
    expected = Expectations(declared={"size": DeclaredColumn(nullable=False)})
    assert len(rows_of(said(missing, frame, expected=expected))) == 100


def test_a_row_that_is_mostly_empty_is_flagged_as_a_row():
    frame = clean()
    frame.loc[11, ["size", "weight", "colour"]] = None
    found = [one for one in said(missing, frame) if one.column is None]
    assert rows_of(found) == [11]
    assert found[0].observed == ["3 of 4 cells empty"]


def test_another_spelling_of_a_frequent_value_is_misspelt():
    frame = clean()
    frame["colour"] = frame["colour"].astype(object)
    frame.loc[[0, 1, 2], "colour"] = ["White", " yellow", "borwn"]
    found = said(typo, frame)
    assert rows_of(found) == [0, 1, 2]
    assert {one.suggestion for one in found} == {
        "fix: colour = white",
        "fix: colour = yellow",
        "fix: colour = brown",
    }


def test_a_numbered_series_is_not_misspelt():
    frame = clean()
    frame["shop"] = ["shop 1"] * (ROWS - 2) + ["shop 2", "shop 11"]
    assert said(typo, frame) == []


def test_a_value_outside_the_declared_ones_is_an_unseen_category():
    frame = clean()
    expected = Expectations(declared={"colour": DeclaredColumn(values=("white", "yellow"))})
    brown = np.flatnonzero(frame["colour"] == "brown").tolist()
    assert rows_of(said(unseen_category, frame, expected=expected)) == brown


def test_a_category_that_only_held_out_rows_have_is_unseen():
    frame = clean()
    frame["colour"] = frame["colour"].astype(object)
    frame.loc[ROWS - 1, "colour"] = "green"
    assert rows_of(said(unseen_category, frame, held_out=HALF)) == [ROWS - 1]


def test_text_among_numbers_is_of_a_mixed_type_and_a_placeholder_is_not():
    frame = clean()
    frame["size"] = frame["size"].astype(str)
    frame.loc[[4, 5], "size"] = ["5,1 mm", "?"]
    assert rows_of(said(mixed_types, frame)) == [4]
    assert rows_of(said(placeholder, frame)) == [5]


def test_numbers_that_stand_for_unknown_are_placeholders_only_apart_from_the_rest():
    frame = clean()
    frame["points"] = np.random.default_rng(2).integers(0, 100, ROWS)
    frame.loc[[1, 2], "points"] = [99, 98]
    assert said(placeholder, frame) == []
    frame.loc[[1, 2], "points"] = -999
    frame.loc[3, "size"] = -1.0
    assert rows_of(said(placeholder, frame)) == [1, 2, 3]


def test_the_first_of_january_1900_is_a_placeholder():
    frame = clean()
    frame["day"] = pd.date_range("2024-01-01", periods=ROWS, freq="D")
    frame.loc[[6, 60], "day"] = pd.Timestamp("1900-01-01")
    assert rows_of(said(placeholder, frame)) == [6, 60]


def test_numbers_outside_the_declared_range_are_flagged():
    frame = clean()
    expected = Expectations(declared={"size": DeclaredColumn(min=3.0, max=6.5)})
    wrong = np.flatnonzero((frame["size"] < 3) | (frame["size"] > 6.5)).tolist()
    found = said(ranges, frame, expected=expected)
    assert wrong
    assert rows_of(found) == wrong
    assert found[0].expected == "at least 3 and at most 6.5 (declared)"


def test_a_column_of_another_kind_than_before_stops_a_build():
    before = infer_columns(clean())
    frame = clean().assign(size=lambda rows: rows["size"].astype(str), extra=1)
    found = said(schema, frame.drop(columns="weight"), expected=Expectations(previous=before))
    assert {(one.column, one.observed, one.blocking) for one in found} == {
        ("size", "a column of kind string", True),
        ("weight", "no such column", True),
        ("extra", "a new column", True),
    }


def test_every_further_copy_of_a_row_is_a_duplicate():
    frame = pd.concat([clean(), clean().iloc[[5, 5, 9]]], ignore_index=True)
    found = said(duplicate, frame)
    assert rows_of(found) == [ROWS, ROWS + 1, ROWS + 2]
    assert found[0].observed == ["a copy of row 5", "a copy of row 5", "a copy of row 9"]


def test_duplicates_are_a_hint_only_where_rows_are_coarse():
    frame = pd.DataFrame({"a": [1, 2] * 50, "label": ["x", "y"] * 50})
    assert said(duplicate, frame)[0].score == 0.3


def test_equal_features_with_unequal_labels_conflict():
    twin = (
        clean()
        .iloc[[5]]
        .assign(label=lambda row: "big" if row["label"].iloc[0] == "small" else "small")
    )
    assert rows_of(said(conflicting_label, pd.concat([clean(), twin], ignore_index=True))) == [
        5,
        ROWS,
    ]


@pytest.mark.parametrize(
    ("copies", "held_out", "blocking"),
    [(1, 30, False), (4, 40, True), (3, 40, False), (19, 1000, True), (9, 1000, False)],
)
def test_held_out_copies_stop_a_build_where_they_could_move_a_metric(copies, held_out, blocking):
    draw = np.random.default_rng(2)
    train = pd.DataFrame({"a": draw.normal(size=2000), "b": draw.normal(size=2000)})
    other = pd.DataFrame({"a": draw.normal(size=held_out), "b": draw.normal(size=held_out)})
    other.iloc[:copies] = train.iloc[5 : 5 + copies].to_numpy()
    frame = pd.concat([train, other], ignore_index=True).assign(label="x")
    found = said(leakage, frame, held_out=np.arange(len(frame)) >= 2000)
    assert rows_of(found) == list(range(2000, 2000 + copies))
    assert (found[0].blocking, found[0].score) == (blocking, 1.0 if blocking else 0.6)
    assert found[0].observed[0] == "the features of training row 5"


def test_rows_that_were_copied_before_the_split_are_leakage():
    draw = np.random.default_rng(2)
    rows = pd.DataFrame({"a": draw.normal(size=500), "b": draw.normal(size=500)})
    frame = pd.concat([rows, rows], ignore_index=True).assign(label="x")
    assert said(leakage, frame, held_out=draw.random(1000) < 0.25)[0].blocking


def test_a_twin_in_a_table_of_few_values_stops_nothing():
    frame = load_iris(as_frame=True).frame
    held_out = np.arange(150) % 5 == 2
    held_out[[101, 142]] = False, True  # these two flowers measure the same
    frame = frame.rename(columns={"target": "label"})
    found = said(leakage, frame, held_out=held_out)
    assert (142 in rows_of(found), found[0].blocking) == (True, False)


def test_coarse_rows_that_meet_by_chance_are_no_leakage():
    draw = np.random.default_rng(4)
    frame = pd.DataFrame({"a": draw.integers(0, 9, 900), "b": draw.integers(0, 9, 900)})
    frame["label"] = draw.choice(["x", "y"], 900)
    found = said(leakage, frame, held_out=draw.random(900) < 0.2)
    assert [(one.blocking, one.score) for one in found] == [(False, 0.35)]


def test_coarse_rows_with_more_twins_across_than_within_are_leakage():
    draw = np.random.default_rng(4)
    rows = pd.DataFrame({"a": draw.integers(0, 60, 600), "b": draw.integers(0, 60, 600)})
    frame = pd.concat([rows, rows.iloc[:150]], ignore_index=True).assign(label="x")
    held_out = np.arange(750) >= 600
    assert said(leakage, frame, held_out=held_out)[0].blocking


def test_a_group_on_both_sides_of_the_split_is_named():
    frame = clean().assign(customer_id=lambda rows: np.arange(len(rows)) % 80)
    found = said(group_overlap, frame, held_out=HALF)
    assert found[0].column == "customer_id"
    assert found[0].suggestion == 'split = { by = ["customer_id"] }'


def test_held_out_rows_within_the_time_of_training_are_flagged():
    frame = clean().assign(day=pd.date_range("2024-01-01", periods=ROWS, freq="D"))
    frame.loc[ROWS - 1, "day"] = pd.Timestamp("2024-02-01")
    split = Split(file="later.csv")
    assert rows_of(said(time_overlap, frame, held_out=HALF, split=split)) == [ROWS - 1]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_feature_that_gives_the_target_away_is_found_among_many(task):
    draw = np.random.default_rng(6)
    frame = pd.DataFrame(draw.normal(size=(300, 400)), columns=[f"f{n}" for n in range(400)])
    frame["label"] = draw.uniform(0, 2, 300)
    frame["tells"] = np.exp(frame["label"])
    if task == "classification":
        frame["label"] = np.where(frame["label"] > 1.2, "rare", "common")
    found = said(target_leakage, frame, task=task)
    assert [one.column for one in found] == ["tells"]


def test_a_feature_that_follows_from_the_target_is_target_leakage():
    frame = clean().assign(code=lambda rows: (rows["label"] == "big").astype(int))
    found = said(target_leakage, frame, task="classification")
    assert [one.column for one in found] == ["code"]


def test_columns_that_teach_nothing_are_named():
    frame = clean().assign(number=np.arange(ROWS) + 7, same=1)
    frame["key"] = [f"k{place}" for place in range(ROWS)]
    assert [one.column for one in said(constant, frame)] == ["same"]
    assert [one.column for one in said(id_like, frame)] == ["number", "key"]


def test_an_outlier_names_the_column_that_shows_it():
    frame = clean()
    frame.loc[42, ["size", "weight"]] = [9.5, 3.0]
    found = said(outlier, frame)
    assert rows_of(found) == [42]
    assert found[0].column == "size"


def test_robust_scores_measure_each_side_by_itself():
    values = np.concatenate([np.linspace(0, 1, 50), np.linspace(1, 100, 50)])
    assert np.abs(robust_scores(values)).max() < 3
