"""Features that follow from the time, which are excluded from drift, and others, which aren't."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from packager.data.array_column import ArrayColumn
from packager.data.frames import infer_columns
from packager.errors import UsageError
from packager.manifest.data_roles import Split
from packager.manifest.manifest import Schema, Serve
from packager.manifest.read_options import TableReadOptions
from packager.model.paths import Root
from packager.worker.job import Job
from packager.worker.train.calendar_columns import is_timestamp_name, named_part, names_of_parts
from packager.worker.train.calendar_features import drift_exclusions
from packager.worker.train.dataset import Dataset, SourceData, prepare

DRAW = np.random.default_rng(11)
ROWS = 2_000
MONATE = ["Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"]


def job(**changed: Any) -> Job:
    serve = Serve(predictor="auto", compile="off", workers=1, strict=False)
    facts: dict[str, Any] = {"task": "regression", "serve": serve, "recipe": "none", "target": "y"}
    return Job(**{**facts, "slices_columns": (), "slices_rules": {}} | changed)


def found(frame: pd.DataFrame, test: pd.DataFrame | None = None, **asked: Any) -> dict[str, str]:
    """Feature → what it was taken for."""
    features = tuple(name for name in frame if name not in ("y", *asked.get("exclude", ())))
    schema = Schema(features=infer_columns(frame[list(features)]))
    rows = frame.assign(y=0.5)
    dataset = Dataset(rows, rows if test is None else test, features, ("y",))
    excluded = drift_exclusions(dataset, schema, job(**asked))
    return {name: f"{why.reason}: {why.detail}" for name, why in excluded.items()}


def times(days: int, rows: int = ROWS) -> pd.Series[Any]:
    seconds = pd.to_timedelta(DRAW.integers(0, days * 86_400, rows), unit="s")
    return pd.Series(pd.Timestamp("2021-01-01") + seconds)


@pytest.mark.parametrize("kind", ["datetime", "zoned", "text", "excluded"])
def test_what_follows_from_a_timestamp_is_found_whatever_its_name(kind: str) -> None:
    when = times(700)
    clock = when.dt
    frame = pd.DataFrame(
        {
            "a": clock.month,
            "b": clock.month - 1,
            "c": (clock.day_of_week + 1) % 7,
            "d": clock.day_of_week >= 5,
            "e": clock.hour,
            "f": clock.year - 2021,
            "g": np.sin(clock.hour * np.pi / 12),
            "h": clock.month.map(lambda month: MONATE[month - 1]),
            "i": clock.quarter,
            "j": clock.day_of_year,
            "k": clock.strftime("%Y-%m"),
        }
    )
    moments = {
        "datetime": when,
        "zoned": clock.tz_localize("Europe/Berlin", ambiguous="NaT", nonexistent="NaT"),
        "text": clock.strftime("%Y-%m-%dT%H:%M:%S+02:00"),
        "excluded": when,
    }
    frame["when"] = moments[kind]
    asked = {"exclude": ("when",)} if kind == "excluded" else {}
    told = found(frame, **asked)
    assert told.pop("when", "timestamp: a timestamp") == "timestamp: a timestamp"
    assert told.pop("k") == "timestamp: a timestamp"
    part = {"a": "month", "b": "month", "c": "weekday", "d": "weekday", "e": "hour", "f": "year"}
    part |= {"g": "hour", "h": "month", "i": "month", "j": "day of the year"}
    for name, expected in part.items():
        assert told[name] in {f"calendar: {expected} of {moment}" for moment in ("when", "k")}, name


def test_values_that_only_look_like_a_month_are_compared() -> None:
    when = times(365)
    level = dict(enumerate(DRAW.normal(100, 3, 13)))
    frame = pd.DataFrame(
        {
            "when": when,
            "rooms": DRAW.integers(1, 13, ROWS),
            "dose": DRAW.integers(0, 24, ROWS),
            "member": DRAW.integers(0, 2, ROWS),
            "rare": (DRAW.random(ROWS) < 0.002).astype(int),
            "price_index": when.dt.month.map(level),  # of one year: no month comes again
            "daily": when.dt.day_of_year.map(dict(enumerate(DRAW.normal(10, 5, 366), 1))),
            "size": DRAW.normal(5, 1, ROWS),
            "free": [f"order {i}" for i in range(ROWS)],
        }
    )
    assert found(frame) == {"when": "timestamp: a timestamp"}


@pytest.mark.parametrize(
    ("name", "values", "part"),
    [
        ("month", range(1, 13), "month"),
        ("mnth", range(12), "mnth"),
        ("month_num", [1.0, 2.0, None], "month"),
        ("pickupHour", range(24), "hour"),
        ("hr", range(24), "hr"),
        ("day_of_week", range(1, 8), "day of week"),
        ("DayOfYear", [1, 366], "day of year"),
        ("is_weekend", [True, False], "weekend"),
        ("order month", ["01", "12"], "month"),
        ("month_sin", [-0.5, 0.5], "month"),
        ("cos_hour", [-1.0, 1.0], "hour"),
        ("month", [1, 13], None),
        ("month", [1.5, 2.5], None),
        ("month", [3, 3], None),
        ("hour", range(60), None),
        ("months", range(1, 13), None),
        ("n_month", range(1, 13), None),
        ("calls_per_day", range(1, 30), None),
        ("hours_per_week", range(1, 50), None),
        ("days_since_month", range(1, 13), None),
        ("tenure_month", range(1, 13), None),
        ("rooms", range(1, 13), None),
        ("monthly", range(1, 13), None),
        ("year", range(1990, 2021), None),
        ("", range(1, 13), None),
    ],
)
def test_a_name_and_values_together_say_a_part_of_a_date(
    name: str, values: Any, part: str | None
) -> None:
    assert named_part(name, pd.Series(list(values))) == part


@pytest.mark.parametrize(
    ("name", "texts", "part"),
    [
        ("x", ["jan", "Feb", "march", "SEP."], "month"),
        ("x", ["Mon", "tuesday", "Thu"], "weekday"),
        ("x", ["winter", "spring", "autumn"], "season"),
        ("month", ["may", "jun"], "month"),
        ("who", ["May", "June"], None),
        ("who", ["May", "April", "June", "Bob"], None),
        ("x", ["ma", "ju", "de"], None),
        ("x", [], None),
    ],
)
def test_names_of_months_and_weekdays_say_it_alone(
    name: str, texts: list[str], part: str | None
) -> None:
    assert names_of_parts(name, pd.Series(texts, dtype=object)) == part


@pytest.mark.parametrize(
    ("name", "values", "is_one"),
    [
        ("order_ts", [1_600_000_000, 1_700_000_000], True),
        ("timestamp", [1_600_000_000_123, 1_700_000_000_456], True),
        ("order_date", [20_240_131, 20_231_201], True),
        ("order_date", [20_240_131, 20_241_399], False),
        ("amount", [1_600_000_000, 1_700_000_000], False),
        ("time", [12, 300], False),
        ("date", [1_600_000_000], False),
    ],
)
def test_numbers_may_be_timestamps(name: str, values: list[int], is_one: bool) -> None:
    assert is_timestamp_name(name, pd.Series(values)) is is_one


def test_what_a_split_by_time_makes_new_is_found_and_what_moved_is_not() -> None:
    train = pd.DataFrame(
        {
            "counter": range(ROWS),
            "release": DRAW.choice(["a", "b"], ROWS),
            "shop": DRAW.choice(["north", "south"], ROWS),
            "warmth": DRAW.normal(20, 5, ROWS),
            "note": [f"text {i}" for i in range(ROWS)],
        }
    )
    test = train.assign(
        counter=train["counter"] + ROWS,
        release=DRAW.choice(["b", "c", "d"], ROWS),
        warmth=train["warmth"] + 12,
        note=[f"other {i}" for i in range(ROWS)],
    )
    by_time = Split(time="day", start="2024-01-01")
    told = found(train, test, split=by_time)
    assert list(told) == ["counter", "release"]
    assert told["counter"] == "nonstationary: 100 % of the held-out values are new"
    assert found(train, test) == {}


@pytest.mark.parametrize(
    "values",
    [
        np.array(["9999-12-31", "0001-01-01"] * 50, dtype="datetime64[s]"),
        pd.to_datetime(["2024-01-01", None] * 50),
        ["9999-12-31", "0001-01-01", None, "2024-02-30T00:00"] * 25,
        [None] * 100,
        pd.Categorical(["a", None] * 50),
        [True, None] * 50,
        [np.inf, np.nan] * 50,
        pd.array([1, None] * 50, dtype="Int64"),
        [["a"], ["b", "c"]] * 50,
        [b"\x89PNG", None] * 50,
        ArrayColumn(np.zeros((100, 2, 2), np.uint8)),
    ],
)
def test_unusual_values_raise_no_error(values: Any) -> None:
    frame = pd.DataFrame({"date": values, "month": [1, 2] * 50, "when": times(900, 100)})
    assert found(frame)["when"] == "timestamp: a timestamp"


def test_a_person_has_the_last_word() -> None:
    frame = pd.DataFrame({"when": times(365), "month": 1, "size": DRAW.normal(size=ROWS)})
    frame["month"] = frame["when"].dt.month
    asked = {"monitoring_exclude": ("size",), "monitoring_include": ("when", "month")}
    assert found(frame, **asked) == {"size": "excluded: [monitoring] exclude"}


@pytest.mark.parametrize("key", ["exclude", "include"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("colour", "expected a column of the data, got 'colour'"),
        ("y", "expected a feature, got 'y', which the model never sees"),
        ("id", "expected a feature, got 'id', which the model never sees"),
    ],
)
def test_a_name_that_is_no_feature_is_refused(key: str, name: str, message: str, tmp_path) -> None:
    frame = pd.DataFrame({"a": range(100), "id": range(100), "y": np.arange(100) % 7})
    asked: dict[str, Any] = {f"monitoring_{key}": (name,), "exclude": ("id",)}
    with pytest.raises(UsageError) as told:
        prepare(SourceData(frame, (), TableReadOptions()), job(**asked), Root(tmp_path))
    assert told.value.message == f"[monitoring] {key}: {message}"


def test_arrays_bytes_and_lists_are_no_parts_of_a_calendar() -> None:
    block = np.repeat(times(700).dt.month.to_numpy()[:, None], 2, axis=1)
    frame = pd.DataFrame({"when": times(700), "month": pd.Series(ArrayColumn(block))})
    frame["tags"] = [[n] for n in range(ROWS)]
    frame["file"] = pd.Series([b"x"] * ROWS, dtype=object)
    split = Split(time="when", start="2022-01-01")
    assert found(frame, frame.iloc[::-1], split=split).keys() == {"when"}
