"""The family fairness: groups further from all rows than when packaged, and false alarms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from judged_samples import CITIES, answered, masks, numbers

from packager.errors import UsageError
from packager.manifest.policy import FairnessPolicy, Policy
from packager.worker.test.baseline import Baseline
from packager.worker.test.fairness import (
    fairness,
    fairness_baseline,
    group_columns,
    group_values,
)
from packager.worker.test.judged_rows import JudgedOutputs, JudgedRows, baseline_of
from packager.worker.test.report import FamilyReport
from packager.worker.test.verdict import judge, overall

POLICY = FairnessPolicy.model_validate({"columns": ["city"]})
BOTH = FairnessPolicy.model_validate(
    {"columns": ["city", "sex"], "gap": {"accuracy": 0.03, "true_positive_rate": 0.05}}
)


def packaged(frame: pd.DataFrame, judged: JudgedRows, policy: FairnessPolicy) -> Baseline:
    found = baseline_of(judged, {"__all__": np.ones(len(judged), np.bool_)})
    values = group_values(frame, policy)
    grouped = fairness_baseline(judged, frame, values, policy)
    return Baseline.model_validate_json(
        found.model_copy(update={"fairness": grouped}).model_dump_json()
    )


def report(
    policy: FairnessPolicy, rows: int = 6_000, level: float = 0.01, seed: int = 1, **how: Any
) -> FamilyReport:
    baseline = packaged(*answered(rows, seed + 1_000), policy)
    frame, judged = answered(rows, seed, **how)
    (family,) = judge(
        {"fairness": fairness(judged, frame, baseline, policy)}, Policy(false_alarm=level)
    )
    return family


def test_unchanged_groups_pass() -> None:
    found = report(BOTH)
    assert found.verdict == "passed"
    assert {one.subject for one in found.checks} == {
        *(f"city={city}" for city in CITIES),
        "city=other",
        "sex=f",
        "sex=m",
    } - {"city=other", "sex=other"}


def test_a_group_that_got_worse_is_named_with_its_distances() -> None:
    found = report(POLICY, wrong=0.4, where="c")
    failed = [one for one in found.checks if one.verdict == "failed"]
    assert [one.name for one in failed] == ["accuracy city=c"]
    one = failed[0]
    assert one.details["gap"] < one.details["packaged_gap"]
    grown = abs(one.details["gap"]) - abs(one.details["packaged_gap"])
    assert one.difference == pytest.approx(grown)
    assert one.why.startswith(
        f"accuracy of city=c is {one.details['gap']:+.3g} from that of all rows, "
        f"{one.details['packaged_gap']:+.3g} when packaged (the policy allows 0.03 more)"
    )
    low, high = one.details["gap_interval"]
    assert low < one.details["gap"] < high < 0


def test_groups_that_came_closer_pass() -> None:
    policy = POLICY
    frame, judged = answered(6_000, 5, wrong=0.4, where="c")
    baseline = packaged(frame, judged, policy)
    now, better = answered(6_000, 6)
    (family,) = judge({"fairness": fairness(better, now, baseline, policy)}, Policy())
    assert family.verdict == "passed"


@pytest.mark.slow
def test_unchanged_groups_fail_no_more_often_than_the_level() -> None:
    nothing = BOTH.model_copy(update={"gap": {"accuracy": 0.0, "true_positive_rate": 0.0}})
    runs = [report(nothing, 400, 0.1, seed).verdict == "failed" for seed in range(60)]
    assert np.mean(runs) <= 0.1 + 3 * (0.09 / 60) ** 0.5


def test_small_groups_are_said_and_not_tested() -> None:
    found = report(POLICY, rows=200)
    small = next(one for one in found.checks if one.subject == "city=c")
    assert small.verdict == "inconclusive"
    assert small.p is None
    assert small.why.endswith("; too few rows to test")


def test_a_share_is_of_the_packaged_metric_of_all_rows() -> None:
    judged = numbers(2_000, 0)
    frame = pd.DataFrame({"city": np.tile(["a", "b"], 1_000)})
    mae = np.abs(np.array(judged.predictions.labels, float) - np.array(judged.truth, float)).mean()
    baseline = packaged(frame, judged, POLICY)
    found = fairness(judged, frame, baseline, POLICY)
    assert [one.limit for one in found.checks] == [pytest.approx(0.1 * mae)] * 2


def test_a_column_without_a_group_to_test_keeps_the_family_from_passing() -> None:
    frame, judged = answered(6_000, 1)
    baseline = packaged(*answered(6_000, 2), BOTH)
    alone = frame.assign(city="nowhere")
    (family,) = judge({"fairness": fairness(judged, alone, baseline, BOTH)}, Policy())
    assert family.verdict == "inconclusive"
    assert family.why == "city was not tested: no group has 30 rows, here and when packaged"
    assert {(one.subject, one.requested) for one in family.not_tested} == {
        *((f"city={city}", False) for city in CITIES),
        ("city", True),
    }
    verdict, sentence = overall([family], Policy(fairness=BOTH))
    assert verdict == "inconclusive"
    assert sentence == (
        "inconclusive: fairness: city was not tested: no group has 30 rows, here and when packaged"
    )


def test_what_has_no_groups_is_not_judged() -> None:
    frame, judged = answered(100, 0)
    baseline = packaged(frame, judged, POLICY)
    outputs = JudgedOutputs((), (), (), 100)
    assert fairness(outputs, frame, baseline, POLICY).not_judged == (
        "no output is a label or a number of a row"
    )
    assert fairness(judged, frame, baseline, FairnessPolicy()).not_judged
    tiny_frame, tiny = answered(20, 0)
    assert fairness(tiny, tiny_frame, baseline, POLICY).not_judged == (
        "no group has 30 rows, here and when packaged"
    )


def test_columns_come_from_the_request_or_the_new_data() -> None:
    served = pd.DataFrame({"city": ["a", "b"]})
    given = pd.DataFrame({"city": ["x", "x"], "sex": ["f", "m"]})
    found = group_columns(served, given, BOTH)
    assert found.to_dict("list") == {"city": ["a", "b"], "sex": ["f", "m"]}


def test_a_misspelt_metric_is_refused_at_the_build() -> None:
    frame, judged = answered(100, 0)
    wrong = FairnessPolicy.model_validate({"columns": ["sex"], "gap": {"acuracy": 0.1}})
    with pytest.raises(UsageError, match="got 'acuracy'"):
        packaged(frame, judged, wrong)
    assert masks(frame)
