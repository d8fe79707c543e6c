"""The budget of false alarms, by simulation; each verdict of a check, a family and a test."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from monitoring.stats.distributions import normal_tail
from packager.manifest.policy import Family, Policy
from packager.worker.test.report import Check
from packager.worker.test.verdict import FamilyResult, judge, levels, overall


def of(z: float, *, name: str = "accuracy", family: Family = "quality", **more: object) -> Check:
    """A check of a fall by ``z`` standard errors of 0.01, of which the policy allows 0.02."""
    fields: dict[str, object] = {
        "family": family,
        "name": name,
        "baseline": 0.9,
        "now": 0.9 - z / 100,
        "difference": -z / 100,
        "worse": -1,
        "interval": (-z / 100 - 0.0196, -z / 100 + 0.0196),
        "limit": 0.02,
        "p": normal_tail(z),
        "error": 0.01,
        "degrees": 1e9,
        "headline": True,
        "why": f"{name} fell",
    }
    return Check.model_validate(fields | more)


def verdict(check: Check, **policy: object) -> str:
    (family,) = judge({check.family: FamilyResult([check])}, Policy.model_validate(policy))
    return family.checks[0].verdict


def falsely(
    draw: np.random.Generator, policy: Policy, sizes: dict[Family, int], shared: float
) -> bool:
    """Whether a test fails in which nothing changed; a part of ``shared`` is in every z."""
    found: dict[Family, FamilyResult] = {}
    for family, count in sizes.items():
        noise = draw.normal(size=count + 1)
        values = math.sqrt(shared) * noise[0] + math.sqrt(1 - shared) * noise[1:]
        found[family] = FamilyResult(
            [
                of(z, name=f"check {place}", family=family, headline=place < 2, limit=0.0)
                for place, z in enumerate(values)
            ]
        )
    return any(one.verdict == "failed" for one in judge(found, policy))


@pytest.mark.slow
@pytest.mark.parametrize("shared", [0.0, 0.5, 0.95])
@pytest.mark.parametrize(
    "sizes", [{"quality": 22}, {"quality": 22, "drift": 14, "calibration": 1, "suspects": 9}]
)
@pytest.mark.sample(2)
def test_unchanged_data_fail_at_most_as_often_as_the_policy_says(
    shared: float, sizes: dict[Family, int]
) -> None:
    draw, policy, runs = np.random.default_rng(0), Policy(false_alarm=0.1), 1_000
    failed = sum(falsely(draw, policy, sizes, shared) for _ in range(runs))
    # 0.1, and 3.5 standard errors of the simulation.
    assert failed / runs <= 0.1 + 3.5 * math.sqrt(0.1 * 0.9 / runs)
    if shared == 0.0:
        assert failed / runs >= 0.05  # nor is the level wasted


def slices(count: int, z: float = 0.0) -> list[Check]:
    return [of(z, name=f"accuracy color={place}", headline=False) for place in range(count)]


@pytest.mark.parametrize("count", [1, 20, 500])
def test_slices_do_not_take_from_all_rows(count: int) -> None:
    (report,) = judge(
        {"quality": FamilyResult([of(3.0), *slices(count)])}, Policy(false_alarm=0.01)
    )
    assert report.level == 0.01
    assert report.checks[0].q == pytest.approx(2 * normal_tail(3.0))
    assert report.checks[0].verdict == "failed"
    (alone,) = judge({"quality": FamilyResult([of(3.0)])}, Policy())
    assert alone.checks[0].q == pytest.approx(normal_tail(3.0))


def test_slices_share_their_half() -> None:
    (report,) = judge({"quality": FamilyResult([of(0.0), *slices(9), *slices(1, 4.5)])}, Policy())
    assert report.checks[-1].q == pytest.approx(2 * 10 * normal_tail(4.5))
    assert [one.verdict for one in report.checks].count("failed") == 1


def test_checks_of_one_name_have_their_own_p() -> None:
    (report,) = judge({"quality": FamilyResult([of(0.0), of(5.0)])}, Policy())
    assert [one.verdict for one in report.checks] == ["passed", "failed"]


def test_families_without_tests_give_their_part_to_the_others() -> None:
    two = {"quality": FamilyResult([of(0)]), "drift": FamilyResult([of(0, family="drift")])}
    assert levels(two, Policy(false_alarm=0.03)) == pytest.approx({"quality": 0.02, "drift": 0.01})
    exact = FamilyResult([of(0, family="schema", p=None)])
    only = {
        "quality": FamilyResult([of(0)]),
        "schema": exact,
        "drift": FamilyResult(not_judged="no"),
    }
    assert levels(only, Policy(false_alarm=0.03)) == {"quality": 0.03}


def test_a_family_that_only_warns_takes_nothing() -> None:
    two = {"quality": FamilyResult([of(0)]), "drift": FamilyResult([of(0, family="drift")])}
    found = levels(two, Policy.model_validate({"false_alarm": 0.03, "warn": ["drift"]}))
    assert found == pytest.approx({"quality": 0.03, "drift": 0.01})
    assert levels({"drift": two["drift"]}, Policy.model_validate({"warn": ["drift"]}))


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (of(5.0), "failed"),
        (of(5.0, limit=0.06), "passed"),  # significant, but no larger than allowed
        (of(2.1, limit=0.02), "inconclusive"),  # larger than allowed, but not significant
        (of(0.0, limit=0.05), "passed"),  # it would have found 0.05
        (of(0.0, limit=0.02), "passed"),  # the interval excludes a fall by 0.02
        (of(0.5, limit=0.02), "inconclusive"),
        (of(0.5, limit=0.02, p=math.nan), "inconclusive"),
        (of(0.5, limit=0.02, interval=None), "inconclusive"),
        (of(-9.0), "passed"),  # for the better
        (of(9.0, worse=1, p=1.0), "passed"),
        (of(-9.0, worse=1, p=normal_tail(9.0)), "failed"),
        (of(-0.1, limit=0.0), "passed"),  # a floor, on its good side
        (of(0.1, limit=0.0), "inconclusive"),
        (of(4.0, limit=0.0), "failed"),
    ],
)
def test_effect_and_significance_together(check: Check, expected: str) -> None:
    assert verdict(check) == expected


def test_what_is_visible_is_found_with_the_power_it_names() -> None:
    (report,) = judge({"quality": FamilyResult([of(0.0)])}, Policy(false_alarm=0.05))
    visible = report.checks[0].visible_from
    assert visible is not None
    draw = np.random.default_rng(1)
    values = draw.normal(visible / 0.01, 1, 2_000)
    assert np.mean([normal_tail(z) <= 0.05 for z in values]) == pytest.approx(0.8, abs=0.03)


def test_an_inconclusive_family_says_what_could_be_seen() -> None:
    (report,) = judge({"quality": FamilyResult([of(0.5)])}, Policy(false_alarm=0.01))
    assert report.verdict == "inconclusive"
    assert report.why == (
        "too few rows to tell: accuracy fell; a change of 0.0317 would have been found"
    )
    assert overall([report], Policy()) == ("inconclusive", f"inconclusive: quality: {report.why}")


def test_an_inconclusive_family_says_which_rows_are_few() -> None:
    few = of(0.5, rows=100_000, baseline_rows=2_000)
    (report,) = judge({"quality": FamilyResult([few])}, Policy())
    assert report.why.startswith("too few held-out rows (2,000) to tell: ")


def test_an_inconclusive_slice_leaves_its_family() -> None:
    found = FamilyResult([of(0.0), *slices(3, 0.5)])
    (report,) = judge({"quality": found}, Policy())
    assert report.verdict == "passed"
    assert {one.verdict for one in report.checks[1:]} == {"inconclusive"}


def test_a_family_of_which_nothing_can_be_told_is_inconclusive() -> None:
    (report,) = judge({"quality": FamilyResult(slices(3, 0.5))}, Policy())
    assert report.verdict == "inconclusive"


def test_warnings_do_not_fail() -> None:
    assert verdict(of(5.0), warn=["quality"]) == "warned"
    assert verdict(of(5.0, severity="warn")) == "warned"


def reports(checks: Sequence[Check], **more: FamilyResult) -> tuple[str, str]:
    return overall(judge({"quality": FamilyResult(checks), **more}, Policy()), Policy())  # type: ignore[arg-type]


def test_the_sentence_names_all_rows_first_and_counts_the_rest() -> None:
    failed = [*slices(2, 9.0), of(6.0, name="log_loss")]
    assert reports(failed) == ("failed", "failed: log_loss fell; 2 more checks failed")


def test_without_quality_nothing_has_passed() -> None:
    drift = FamilyResult([of(0, family="drift")])
    found = judge({"drift": drift, "quality": FamilyResult(not_judged="no labels")}, Policy())
    assert overall(found, Policy()) == (
        "inconclusive",
        "inconclusive: quality was not judged: no labels",
    )
    assert overall([], Policy()) == ("inconclusive", "inconclusive: nothing could be judged")


def test_an_exact_check_does_not_make_up_for_few_rows() -> None:
    few = of(0.0, family="suspects", headline=False, error=0.1, interval=(-0.2, 0.2))
    exact = Check(family="suspects", name="rows of the training", why="none is")
    (family,) = judge({"suspects": FamilyResult([few, exact])}, Policy())
    assert [check.verdict for check in family.checks] == ["inconclusive", "passed"]
    assert family.verdict == "inconclusive"
    assert family.why.startswith("too few rows to tell: accuracy fell")
