"""The baseline that a build writes, and the policies that it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from judged_packages import check, judge_on, packaged, sizes
from worker_projects import Project

from packager.errors import UsageError
from packager.worker.test.baseline import BASELINE, Baseline

POLICY: dict[str, Any] = {"groups": ["shop"], "fairness": {"columns": ["color"]}}


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A package of rows of shops, four a shop."""
    excluded = {"shop": [f"shop {row // 4}" for row in range(4_000)]}
    return packaged(tmp_path_factory.mktemp("held-out"), POLICY, excluded=excluded)


@pytest.fixture(scope="module")
def baseline(shops: Project) -> Baseline:
    return Baseline.load(shops.root.package / BASELINE)


def test_the_held_out_rows_are_described_by_slice_class_and_group(baseline: Baseline) -> None:
    assert baseline.slices["__all__"].rows == baseline.rows
    assert {"color=red", "color=green", "color=blue"} < baseline.slices.keys()
    assert baseline.groups is not None
    assert 0.2 * baseline.rows <= baseline.groups <= baseline.rows
    assert baseline.answers is not None
    assert baseline.answers.classes == ("big", "small")
    assert sum(map(sum, baseline.answers.confusion)) == baseline.rows
    assert baseline.fairness["color"].groups.keys() == {"color=red", "color=green", "color=blue"}


def test_the_packaged_side_has_its_design_effects(baseline: Baseline) -> None:
    effects = baseline.reference_effects
    assert {
        "drift feature size",
        "drift feature color",
        "drift answer prediction",
    } <= effects.keys()
    # The rows of a shop are no more alike than others.
    assert all(0.8 < effect < 1.3 for effect in effects.values())


def test_no_row_and_no_name_of_a_group_is_in_the_file(package: Project) -> None:
    text = (package.root.package / BASELINE).read_text()
    rows = pd.read_csv(package.root.source / "rows.csv")
    assert len(text) < 30_000
    assert not [value for value in rows["size"].round(3) if f'"{value}"' in text]
    assert Baseline.load(package.root.package / BASELINE).reference_effects == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"quality": {"acuracy": 0.1}}, "[test.quality]: expected a metric of the held-out rows"),
        ({"slices": {"color=pink": {}}}, "[test.slices]: expected a slice with held-out rows"),
        (
            {"fairness": {"columns": ["color"], "gap": {"mae": 1.0}}},
            "[test.fairness] gap: expected accuracy, true_positive_rate",
        ),
        ({"groups": ["shop"]}, "[test] groups: expected a column of the data, got 'shop'"),
        (
            {"fairness": {"columns": ["sex"]}},
            "[test.fairness] columns: expected a column of the data, got 'sex'",
        ),
        (
            {"fairness": {"columns": ["mail"]}},
            "[test.fairness] columns: expected no personal data, got 'mail'",
        ),
    ],
)
def test_what_the_data_can_not_hold_is_refused(
    policy: dict[str, Any], message: str, tmp_path: Path
) -> None:
    mails = [f"person{row}@example.com" for row in range(4_000)]
    with pytest.raises((UsageError, AssertionError)) as raised:
        packaged(tmp_path, policy, excluded={"mail": mails})
    assert message in str(raised.value)


@pytest.mark.slow
def test_new_rows_are_compared_with_it_in_every_family_of_labels(shops: Project) -> None:
    frame = sizes(2_000, 2).assign(shop=[f"new {row // 4}" for row in range(2_000)])
    green = np.flatnonzero(frame["color"] == "green")[::3]
    frame.loc[green, "label"] = frame.loc[green, "label"].map({"big": "small", "small": "big"})
    report = judge_on(shops, frame)
    assert check(report, "fairness", "accuracy color=green").verdict == "failed"
    assert check(report, "fairness", "accuracy color=blue").verdict != "failed"
    assert check(report, "quality", "accuracy").degrees is not None
    verdicts = {one.family: one.verdict for one in report.families}
    assert verdicts["calibration"] == "failed"
    lacking = judge_on(shops, frame.drop(columns="shop"))
    assert "the column 'shop' of [test] groups" in lacking.sentence
