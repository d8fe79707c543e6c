"""Held-out rows known from training: copies, groups, times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dirty_tables import HALF, ROWS, clean, issues_of, rows_of
from sklearn.datasets import load_iris

from packager.data.checks.leakage import group_overlap, leakage, time_overlap
from packager.manifest.data_roles import Split


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
    found = issues_of(leakage, frame, held_out=np.arange(len(frame)) >= 2000)
    assert rows_of(found) == list(range(2000, 2000 + copies))
    assert (found[0].blocking, found[0].score) == (blocking, 1.0 if blocking else 0.6)
    assert found[0].observed[0] == "the features of training row 5"


def test_rows_that_were_copied_before_the_split_are_leakage():
    draw = np.random.default_rng(2)
    rows = pd.DataFrame({"a": draw.normal(size=500), "b": draw.normal(size=500)})
    frame = pd.concat([rows, rows], ignore_index=True).assign(label="x")
    assert issues_of(leakage, frame, held_out=draw.random(1000) < 0.25)[0].blocking


def test_a_near_duplicate_in_a_table_of_few_values_stops_nothing():
    frame = load_iris(as_frame=True).frame
    held_out = np.arange(150) % 5 == 2
    held_out[[101, 142]] = False, True  # these two flowers measure the same
    frame = frame.rename(columns={"target": "label"})
    found = issues_of(leakage, frame, held_out=held_out)
    assert (142 in rows_of(found), found[0].blocking) == (True, False)


def test_coarse_rows_that_meet_by_chance_are_no_leakage():
    draw = np.random.default_rng(4)
    frame = pd.DataFrame({"a": draw.integers(0, 9, 900), "b": draw.integers(0, 9, 900)})
    frame["label"] = draw.choice(["x", "y"], 900)
    found = issues_of(leakage, frame, held_out=draw.random(900) < 0.2)
    assert [(one.blocking, one.score) for one in found] == [(False, 0.35)]


def test_coarse_rows_with_more_near_duplicates_across_than_within_are_leakage():
    draw = np.random.default_rng(4)
    rows = pd.DataFrame({"a": draw.integers(0, 60, 600), "b": draw.integers(0, 60, 600)})
    frame = pd.concat([rows, rows.iloc[:150]], ignore_index=True).assign(label="x")
    held_out = np.arange(750) >= 600
    assert issues_of(leakage, frame, held_out=held_out)[0].blocking


def test_a_group_on_both_sides_of_the_split_is_named():
    frame = clean().assign(customer_id=lambda rows: np.arange(len(rows)) % 80)
    found = issues_of(group_overlap, frame, held_out=HALF)
    assert found[0].column == "customer_id"
    assert found[0].suggestion == 'split = { by = ["customer_id"] }'


def test_held_out_rows_within_the_time_of_training_are_flagged():
    frame = clean().assign(day=pd.date_range("2024-01-01", periods=ROWS, freq="D"))
    frame.loc[ROWS - 1, "day"] = pd.Timestamp("2024-02-01")
    split = Split(file="later.csv")
    assert rows_of(issues_of(time_overlap, frame, held_out=HALF, split=split)) == [ROWS - 1]


def test_a_copy_in_the_gap_of_a_split_is_no_leakage():
    draw = np.random.default_rng(2)
    frame = pd.DataFrame({"a": draw.normal(size=900), "b": draw.normal(size=900)})
    frame.iloc[800:840, :] = frame.iloc[600:640, :].to_numpy()
    frame = frame.assign(label="x")
    place = np.arange(900)
    held_out, gap = place >= 800, (place >= 600) & (place < 800)
    assert issues_of(leakage, frame, held_out=held_out)
    assert not issues_of(leakage, frame, held_out=held_out, left_out=gap)
