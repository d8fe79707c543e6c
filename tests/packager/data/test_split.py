"""The choice of held-out rows."""

import datetime as dt
import itertools

import numpy as np
import pandas as pd
import pytest

from packager.data.fingerprint import row_hashes
from packager.data.split import split_parts
from packager.errors import UsageError
from packager.manifest.data_roles import Split


@pytest.fixture
def frame():
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "x": random.standard_normal(5000),
            "customer": random.integers(0, 500, 5000),
            "day": pd.date_range("2024-01-01", periods=5000, freq="h"),
            "y": random.integers(0, 2, 5000),
        }
    )


FEATURES = ["x", "customer"]


def held_out(frame, split, features):
    return split_parts(frame, split, features).test


def test_share_is_about_what_was_asked(frame):
    for share in (0.05, 0.2, 0.5):
        assert held_out(frame, Split(test=share), FEATURES).mean() == pytest.approx(share, abs=0.02)


def test_rule_is_the_documented_one(frame):
    import reference_dfp1 as reference

    mask = held_out(frame, Split(test=0.2, seed=7), FEATURES)
    hashes = row_hashes(frame[FEATURES]).tolist()
    wanted = [reference.mix(h ^ reference.mix(7)) / 2**64 < 0.2 for h in hashes]
    assert mask.tolist() == wanted


def test_order_and_new_rows_do_not_move_a_row(frame):
    mask = held_out(frame, Split(), FEATURES)
    order = np.random.default_rng(2).permutation(len(frame))
    assert (held_out(frame.iloc[order], Split(), FEATURES[::-1]) == mask[order]).all()
    assert (held_out(frame.iloc[:3000], Split(), FEATURES) == mask[:3000]).all()


def test_target_does_not_decide(frame):
    mask = held_out(frame, Split(), FEATURES)
    assert (held_out(frame.assign(y=5), Split(), FEATURES) == mask).all()


def test_seeds_differ(frame):
    masks = [held_out(frame, Split(seed=seed), FEATURES) for seed in (0, 1, -1)]
    assert all((left != right).any() for left, right in itertools.pairwise(masks))


def test_equal_rows_are_on_one_side(frame):
    twice = pd.concat([frame, frame], ignore_index=True)
    mask = held_out(twice, Split(), FEATURES)
    assert (mask[:5000] == mask[5000:]).all()


def test_groups_stay_together(frame):
    mask = held_out(frame, Split(by=("customer",)), FEATURES)
    assert (frame.assign(mask=mask).groupby("customer")["mask"].nunique() == 1).all()
    assert 0.1 < mask.mean() < 0.3


@pytest.mark.parametrize(
    "convert",
    [
        lambda day: day,
        lambda day: day.astype(str),
        lambda day: day.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
        lambda day: day.astype(object),
        lambda day: day.dt.date,
    ],
    ids=["times", "text", "aware", "objects", "dates"],
)
def test_time_splits_at_the_date(frame, convert):
    mask = held_out(
        frame.assign(day=convert(frame["day"])),
        Split.model_validate({"time": "day", "from": "2024-06-01"}),
        FEATURES,
    )
    assert (mask == (frame["day"] >= dt.datetime(2024, 6, 1))).all()


def test_numbers_are_compared_as_numbers(frame):
    frame = frame.assign(year=np.repeat([2020, 2021, 2022, 2023, 2024], 1000))
    mask = held_out(frame, Split(time="year", start="2023"), FEATURES)
    assert (mask == (frame["year"] >= 2023)).all()
    with pytest.raises(UsageError, match=r"split.from: expected a number.*'year'.*'2023-01-01'"):
        held_out(frame, Split(time="year", start="2023-01-01"), FEATURES)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (Split(by=("shop",)), "split.by: expected a column of the data, got 'shop'"),
        (Split(time="date", start="2024"), "split.time: expected a column of the data, got 'date'"),
        (Split(time="day"), "split.from: expected the first date of the test rows"),
        (Split(time="day", start="soon"), "split.from: expected ISO 8601 times, got .*soon"),
        (Split(time="day", start="2030-01-01"), "got none of 5000 for the test"),
        (Split(time="day", start="2020-01-01"), "got none of 5000 for the training"),
        (Split(test=1.5), "split.test: expected a share between 0 and 1, got 1.5"),
    ],
)
def test_splits_that_cannot_be_made_are_refused(frame, split, message):
    with pytest.raises(UsageError, match=message):
        held_out(frame, split, FEATURES)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["2024-01-01", None, "2025-01-01"], "got 1 nulls in 'd', the first in row 1"),
        (["01/02/2024", "2024-02-01", "x"], "column 'd': expected ISO 8601 times"),
    ],
)
def test_columns_without_a_clear_time_are_refused(values, message):
    with pytest.raises(UsageError, match=message):
        held_out(pd.DataFrame({"d": values}), Split(time="d", start="2024-06-01"), [])


def test_rows_in_the_gap_before_the_held_out_ones_are_in_neither_part(frame):
    found = split_parts(frame, Split(time="day", start="2024-05-01", gap="7d"), FEATURES)
    days = frame["day"]
    assert days[found.train].max() < pd.Timestamp("2024-04-24")
    assert days[found.test].min() == pd.Timestamp("2024-05-01")
    assert days[~found.train & ~found.test].between("2024-04-24", "2024-05-01").all()
    assert days[~found.train & ~found.test].min() == pd.Timestamp("2024-04-24")


def test_a_gap_of_numbers(frame):
    years = frame.assign(day=frame["customer"] + 1900)
    found = split_parts(years, Split(time="day", start="2000", gap=2), FEATURES)
    assert years["day"][found.train].max() == 1997
    assert years["day"][found.test].min() == 2000


def test_by_time_and_group_no_group_and_no_moment_is_on_both_sides(frame):
    split = Split(time="day", start="2024-05-01", by=("customer",), test=0.3)
    found = split_parts(frame, split, FEATURES)
    train, test = frame[found.train], frame[found.test]
    assert not set(train["customer"]) & set(test["customer"])
    assert train["day"].max() < pd.Timestamp("2024-05-01") <= test["day"].min()
    assert len(train) + len(test) < len(frame)


@pytest.mark.parametrize(
    ("gap", "column", "message"),
    [
        ("7", "day", "split.gap: expected a duration, because the column 'day' holds times"),
        (7, "day", "split.gap: expected a duration, because the column 'day' holds times, got 7"),
        ("-7d", "day", "split.gap: expected a duration"),
        ("7d", "customer", "split.gap: expected a number, because the column 'customer' holds"),
        (-1, "customer", "split.gap: expected a number"),
    ],
)
def test_a_gap_of_another_form_is_refused(frame, gap, column, message):
    start = "2024-05-01" if column == "day" else "100"
    with pytest.raises(UsageError) as refused:
        split_parts(frame, Split(time=column, start=start, gap=gap), FEATURES)
    assert refused.value.message.startswith(message)


def test_a_gap_that_leaves_nothing_to_train_on_is_refused(frame):
    with pytest.raises(UsageError, match="got none of 5000 for the training"):
        split_parts(frame, Split(time="day", start="2024-05-01", gap="5000d"), FEATURES)
