from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.stats.binning import build_profile
from packager.data.frames import infer_columns
from packager.data.rows.request_rows import check_rows
from packager.manifest.manifest import Column, Schema
from packager.run.bench.rows import bodies, synthetic_rows


def frame() -> pd.DataFrame:
    source = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "number": np.where(source.random(500) < 0.1, np.nan, source.gamma(2, 3, 500)),
            "whole": source.integers(-5, 90, 500),
            "small": source.random(500).astype(np.float32),
            "kind": source.choice(["a", "b", "c"], 500, p=[0.8, 0.15, 0.05]),
            "yes": source.random(500) < 0.5,
            "naive": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(source.integers(0, 900, 500), "h"),
            "aware": pd.Timestamp("2024-01-01", tz="UTC")
            + pd.to_timedelta(source.integers(0, 900, 500), "h"),
        }
    )


def schema() -> Schema:
    return Schema(features=infer_columns(frame()))


def profile() -> Any:
    columns = schema().features
    return build_profile(frame(), [(column.name, column.kind) for column in columns])


@pytest.mark.parametrize("profiled", [True, False])
def test_synthetic_rows_are_taken_without_a_flag_other_than_for_nulls(profiled: bool) -> None:
    rows = synthetic_rows(schema(), profile() if profiled else None, 500, seed=7)
    checked = check_rows(rows, schema())
    flags = {flag for row in checked.flags for flag in row}
    assert flags == {"number:missing"}
    assert len({json.dumps(row) for row in rows}) == 500


def test_the_same_seed_gives_the_same_rows_and_another_others() -> None:
    first, again, other = (synthetic_rows(schema(), profile(), 50, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_values_come_as_often_as_in_training() -> None:
    rows = synthetic_rows(schema(), profile(), 4_000, seed=7)
    counts = Counter(row["kind"] for row in rows)
    assert counts["a"] > 4 * counts["b"] > 4 * counts["c"] > 0
    trained = frame()["number"].median()
    assert np.nanmedian([row["number"] or np.nan for row in rows]) == pytest.approx(
        trained, rel=0.2
    )


def test_a_column_never_seen_is_null_and_free_text_is_some_text() -> None:
    columns = (
        Column(name="empty", kind="number", dtype="float64", nullable=True),
        Column(name="free", kind="string", dtype="str", nullable=False),
    )
    (row,) = synthetic_rows(Schema(features=columns), None, 1, seed=7)
    assert row["empty"] is None
    assert row["free"].isalpha()


@given(st.integers(1, 60), st.integers(1, 120))
def test_every_body_holds_so_many_rows_and_the_rows_all_come(count: int, size: int) -> None:
    rows = [{"a": place} for place in range(count)]
    sent = [json.loads(body)["rows"] for body in bodies(rows, size)]
    assert {len(part) for part in sent} == {size}
    if size == 1:
        assert [part[0] for part in sent] == rows
