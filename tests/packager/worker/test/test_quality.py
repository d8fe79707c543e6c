"""Quality on new rows: which checks there are, what they say, and what fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from judged_packages import judge_on, sizes
from judged_packages import packaged as package_of
from judged_samples import answered, manifest, masks, numbers

from modelhost.predictions import Predictions
from packager.manifest.policy import Policy
from packager.worker.test.baseline import Baseline
from packager.worker.test.class_baseline import class_baseline
from packager.worker.test.judged_rows import JudgedRows, baseline_of
from packager.worker.test.quality import quality
from packager.worker.test.report import Check
from packager.worker.test.verdict import FamilyResult, judge


def packaged(rows: int = 4_000, copies: int = 1) -> Baseline:
    frame, judged = answered(rows, 0, copies=copies)
    found = baseline_of(judged, masks(frame))
    return found.model_copy(update={"answers": class_baseline(judged)})


def judged_on(baseline: Baseline, seed: int, rows: int = 4_000, **how: Any) -> FamilyResult:
    policy = how.pop("policy", {})
    frame, judged = answered(rows, seed, **how)
    about = manifest(**policy)
    return quality(judged, masks(frame), baseline, about, about.test)


def failed(found: FamilyResult, **policy: Any) -> dict[str, Check]:
    (family,) = judge({"quality": found}, Policy.model_validate(policy))
    return {one.name: one for one in family.checks if one.verdict == "failed"}


def test_all_rows_slices_and_classes_are_checked_by_default() -> None:
    found = judged_on(packaged(), 1)
    assert {one.name: one.limit for one in found.checks} == {
        "accuracy": 0.02,
        "log_loss": 0.05,
        "recall no": 0.05,
        "recall yes": 0.05,
        **{f"accuracy city={city}": 0.02 for city in "abc"},
        **{f"log_loss city={city}": 0.05 for city in "abc"},
    }
    assert {one.name for one in found.checks if one.headline} == {"accuracy", "log_loss"}
    assert not failed(found)


def test_a_check_says_what_was_is_and_may_be() -> None:
    found = judged_on(packaged(), 1, wrong=0.3)
    one = found.checks[0]
    assert one.baseline is not None
    assert one.now is not None
    assert one.why == (
        f"accuracy {one.now:.4g}, {one.baseline:.4g} when packaged "
        f"({one.now - one.baseline:+.2g}, the policy allows 0.02) on 4,000 rows"
    )
    assert (one.rows, one.baseline_rows) == (4_000, 4_000)


def test_a_fall_of_one_slice_is_named_and_no_other() -> None:
    found = failed(judged_on(packaged(), 1, wrong=0.3, where="b"))
    assert "accuracy city=b" in found
    assert not {"accuracy city=a", "accuracy city=c", "log_loss city=a"} & found.keys()


def test_a_rare_class_that_is_no_longer_found_fails_though_accuracy_hardly_moves() -> None:
    draw = np.random.default_rng(0)

    def rare(missed: float) -> JudgedRows:
        truth = np.where(draw.random(10_000) < 0.02, "yes", "no")
        chance = np.where(truth == "yes", 0.8, 0.02)
        chance[(truth == "yes") & (draw.random(10_000) < missed)] = 0.45
        chances = np.column_stack([1 - chance, chance])
        labels = np.where(chance > 0.5, "yes", "no").tolist()
        found = Predictions(labels, chances)
        return JudgedRows("classification", truth.tolist(), found, ("no", "yes"))

    every = {"__all__": np.ones(10_000, np.bool_)}
    baseline = baseline_of(rare(0.1), every)
    about = manifest()
    found = failed(quality(rare(0.5), every, baseline, about, about.test))
    assert "recall yes" in found
    assert "accuracy" not in found


def test_named_metrics_replace_the_defaults_and_are_headlines() -> None:
    found = judged_on(packaged(), 1, policy={"quality": {"recall yes": "5%"}})
    assert {one.metric for one in found.checks} == {"recall yes"}
    overall = found.checks[0]
    assert overall.headline
    assert overall.limit == pytest.approx(0.05 * (overall.baseline or 0))


def test_a_slice_has_limits_of_its_own() -> None:
    found = judged_on(packaged(), 1, policy={"slices": {"city=b": {"accuracy": 0.5}}})
    limits = {one.name: one.limit for one in found.checks}
    assert limits["accuracy city=b"] == 0.5
    assert limits["accuracy city=a"] == 0.02


def test_a_floor_fails_when_the_interval_lies_below() -> None:
    policy = {"quality": {"accuracy": 0.5, "floor": {"accuracy": 0.9, "log_loss": 9.0}}}
    found = judged_on(packaged(), 1, policy=policy)
    assert set(failed(found)) == {"floor accuracy"}
    one = next(one for one in found.checks if one.name == "floor accuracy")
    assert one.why == f"accuracy {one.now:.4g} on 4,000 rows, expected not below 0.9"


def test_a_named_metric_that_is_undefined_is_inconclusive() -> None:
    baseline, (frame, judged) = packaged(), answered(2_000, 3)
    only = np.array(judged.truth) == "no"
    about = manifest(quality={"roc_auc": 0.02})
    found = quality(judged.where(only), masks(frame[only]), baseline, about, about.test)
    (family,) = judge({"quality": found}, about.test)
    assert family.verdict == "inconclusive"
    assert "roc_auc is not defined on these" in family.why


def test_few_labelled_rows_are_not_judged() -> None:
    found = judged_on(packaged(), 1, rows=499)
    assert found.not_judged == "499 labelled rows; [test] rows asks for 500"


def test_the_error_of_a_regression_may_rise_by_a_tenth() -> None:
    every = {"__all__": np.ones(4_000, np.bool_)}
    baseline, about = baseline_of(numbers(4_000, 0), every), manifest("regression")
    for bias, expected in ((0.0, set()), (1.5, {"mae"})):
        found = quality(numbers(4_000, 1, bias=bias), every, baseline, about, about.test)
        assert set(failed(found)) == expected
        before = baseline.slices["__all__"].metrics["mae"].value
        assert found.checks[0].limit == pytest.approx(0.1 * before)
        assert found.details == {}


def test_confusion_is_there_for_a_page() -> None:
    details = judged_on(packaged(), 1).details
    assert details["classes"] == ["no", "yes"]
    for key in ("confusion", "packaged_confusion"):
        assert np.sum(details[key]) == 4_000  # type: ignore[arg-type]


def test_rows_five_times_are_no_more_certain_with_groups() -> None:
    single, five = judged_on(packaged(800), 1, 800), judged_on(packaged(800, 5), 1, 800, copies=5)
    for one, other in zip(single.checks, five.checks, strict=True):
        assert other.error == pytest.approx(one.error, rel=0.02), one.name


def test_slices_and_classes_of_few_rows_are_not_tested() -> None:
    baseline, about = packaged(900), manifest()
    frame, judged = answered(900, 1, wrong=0.9, where="c")
    mask = masks(frame)
    mask["city=c"] = mask["city=c"] & (np.cumsum(mask["city=c"]) <= 49)
    found = quality(judged, mask, baseline, about, about.test)
    one = next(one for one in found.checks if one.name == "accuracy city=c")
    assert one.why.endswith(" on 49 rows; fewer than 50 independent rows")
    assert np.isnan(one.p or 0)
    assert not failed(found).keys() & {"accuracy city=c", "log_loss city=c"}


@pytest.mark.slow
def test_a_slice_with_one_held_out_row_says_nothing_and_breaks_nothing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    frame = sizes(4_000, 1)
    frame["color"] = frame["color"].astype(object)
    for row in range(12):  # one or a few of them are held out
        frame.loc[row, "color"] = f"rare{row}"
    project = package_of(tmp_path_factory.mktemp("rare"), frame=frame)
    new = sizes(2_000, 2)
    new.loc[:200, "color"] = [f"rare{row % 12}" for row in range(201)]
    report = judge_on(project, new)
    rare = [c for c in report.checks if c.family == "quality" and "rare" in c.name]
    assert all(check.verdict in ("inconclusive", "passed") for check in rare)


@pytest.mark.parametrize("own", [{}, {"city=c": {"accuracy": 0.1}}])
def test_a_slice_without_rows_is_named_and_stops_a_pass_if_the_policy_names_it(own: Any) -> None:
    frame, judged = answered(4_000, 1)
    every = masks(frame)
    every["city=c"] = np.zeros(len(frame), np.bool_)
    about = manifest(slices=own)
    found = quality(judged, every, packaged(), about, about.test)
    (missing,) = found.not_tested
    assert (missing.subject, missing.requested) == ("city=c", bool(own))
    assert missing.why == "no labelled row of the new data is in it"
    (family,) = judge({"quality": found}, about.test)
    assert family.why.endswith(f"city=c was not tested: {missing.why}") is bool(own)


def test_a_metric_that_a_slice_is_held_to_and_lacks_is_named() -> None:
    frame, judged = answered(4_000, 1)
    about = manifest(slices={"city=c": {"roc_auc": 0.1}})
    only = np.array([label == "yes" for label in judged.truth], np.bool_)
    every = masks(frame)
    every["city=c"] = every["city=c"] & only
    found = quality(judged, every, packaged(), about, about.test)
    (missing,) = found.not_tested
    assert (missing.subject, missing.requested) == ("roc_auc city=c", True)
    assert missing.why == "it is not defined on these rows, as without a row of some class"
