"""Which rows a queue chooses, and with which probability."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from queue_samples import PACKAGE, PROFILE, chosen, packaged, visits

from monitoring.stats.active_sampling import ExpectedLosses, weighted_mean
from packager.errors import UsageError
from packager.labelling.queue import SHARES, parts_of
from packager.labelling.queue_scores import drift_of_rows, expected_loss
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.manifest.manifest import Slices
from packager.manifest.outputs import Output


def test_every_row_has_a_chance_and_as_many_are_chosen_as_asked_for(tmp_path: Path):
    found = chosen(tmp_path, visits())
    assert len(found.indices) == 40
    assert found.probabilities.sum() == pytest.approx(40)
    # A fifth of the labels is for all rows alike, so no weight exceeds five times the mean.
    assert found.probabilities.min() >= 0.2 * 40 / 400 - 1e-12
    assert found.probabilities.max() <= 1


def test_uncertain_rows_are_chosen_more_often(tmp_path: Path):
    found = chosen(tmp_path, visits())
    ages = found.rows.frame["age"].to_numpy()
    confident = ages >= 80  # 0.9 and more: never wrong, says the calibration
    assert found.probabilities[~confident].mean() > 2 * found.probabilities[confident].mean()
    assert Counter(found.reasons)["uncertain"] > 20
    assert found.expected.source == "calibrated confidence"
    # Never 0: the calibration saw 100 rows of this confidence.
    assert found.expected.mean[confident] == pytest.approx(0.5 / 101)


def test_rows_of_a_slice_that_is_too_small_are_chosen_more_often(tmp_path: Path):
    frame = visits()
    frame["age"] = 10.0
    found = chosen(tmp_path, frame)
    red = (found.rows.frame["kind"] == "red").to_numpy()
    assert found.probabilities[red].mean() > 3 * found.probabilities[~red].mean()
    rows, taken, _ = found.slices["kind=red"]
    assert (rows, taken) == (8, int(red[found.indices].sum()))
    assert "small_slice" in found.reasons


def test_suspicious_rows_are_chosen_more_often(tmp_path: Path):
    frame = visits()
    frame.loc[:9, "age"] = np.nan
    found = chosen(tmp_path, frame)
    gone = found.rows.frame["age"].isna().to_numpy()
    assert found.probabilities[gone].mean() > 2 * found.probabilities[~gone].mean()
    assert Counter(found.reasons)["suspicious"] >= 1


def test_rows_in_bins_that_became_more_frequent_are_chosen_more_often(tmp_path: Path):
    frame = visits()
    frame.loc[frame["age"] < 50, "age"] = np.where(np.arange((frame["age"] < 50).sum()) % 4, 60, 30)
    found = chosen(tmp_path, frame)
    assert found.drifted == ("age",)
    unchanged = chosen(tmp_path, visits())
    assert unchanged.drifted == ()
    assert "drifted" not in unchanged.reasons


def test_flags_of_features_that_always_change_do_not_count(tmp_path: Path):
    excluded = {"age": {"reason": "excluded", "detail": "named"}}
    profile = PROFILE.model_validate({**PROFILE.model_dump(), "drift_excluded": excluded})
    frame = visits()
    frame.loc[:9, "age"] = np.nan
    found = chosen(tmp_path, frame, package=packaged(profile=profile))
    assert "suspicious" not in found.reasons


def test_without_any_reason_rows_are_drawn_alike(tmp_path: Path):
    plain = PACKAGE.model_copy(update={"slices": Slices(columns={}, rules={})})

    def unsure(file: Path):
        return [{"prediction": "yes", "flags": []}] * len(visits())

    package = packaged(plain, None)
    found = chosen(tmp_path, visits(), package=type(package)(plain, None, unsure))
    assert found.probabilities == pytest.approx(np.full(400, 0.1))
    assert {*found.reasons} == {"random"}
    assert found.expected.source == ""


def test_the_choice_depends_on_the_seed_and_not_on_the_order_of_rows(tmp_path: Path):
    frame = visits()
    first = chosen(tmp_path, frame)
    again = chosen(tmp_path, frame.sample(frac=1, random_state=3))
    names = [found.rows.frame["id"].iloc[found.indices].tolist() for found in (first, again)]
    assert names[0] == names[1]
    other = chosen(tmp_path, frame, seed=1)
    assert other.rows.frame["id"].iloc[other.indices].tolist() != names[0]


def test_a_queue_says_what_its_labels_are_worth(tmp_path: Path):
    found = chosen(tmp_path, visits())
    assert found.worth is not None
    assert 40 < found.worth < 120


@pytest.mark.slow
def test_the_quality_that_its_labels_show_is_unbiased_overall_and_by_slice(tmp_path: Path):
    frame = visits(600)
    frame.loc[frame.index % 2 == 1, "kind"] = "red"
    losses = (np.random.default_rng(4).random(600) < 0.25).astype(float)
    for name in ("__all__", "kind=blue"):
        errors = []
        for seed in range(50):
            found = chosen(tmp_path, frame, 120, seed=seed)
            inside = (found.rows.frame["kind"] == "blue").to_numpy() | (name == "__all__")
            own = found.indices[inside[found.indices]]
            expected = ExpectedLosses(found.expected.mean[own], found.slices[name][2])
            estimate = weighted_mean(losses[own], found.probabilities[own], expected=expected)
            errors.append(estimate.value - losses[inside].mean())
        assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(50)


def test_more_rows_than_there_are_is_wrong_usage(tmp_path: Path):
    frame = visits(20)
    frame["returned"] = [None] * 15 + ["yes"] * 5
    with pytest.raises(UsageError, match="--rows 16: expected at most 15") as caught:
        chosen(tmp_path, frame, 16)
    assert "(5 have one)" in caught.value.message


def test_the_shares_sum_up_to_one_whatever_is_known():
    assert sum(SHARES.values()) == pytest.approx(1)
    for known in (("random",), ("random", "uncertain"), ("random", "drifted", "suspicious")):
        parts = parts_of({name: np.arange(1.0, 5) for name in known})
        assert sum(part.sum() for part in parts.values()) == pytest.approx(1)


def test_a_feature_whose_values_have_no_bin_is_named_and_left_out():
    progress = Mock()
    frame = visits().assign(age="a text")
    score, drifted = drift_of_rows(frame, PROFILE, progress)
    assert (score.sum(), drifted) == (0, ())
    assert "drift of age is not considered" in progress.warn.call_args.args[0]


def test_a_regression_expects_the_error_of_the_smallest_slice_of_a_row():
    slices = {
        "kind=red": MetricValues(rows=20, values={"mae": 9.0}),
        "kind=blue": MetricValues(rows=900, values={"mae": 1.0}),
    }
    evaluation = Evaluation(overall=MetricValues(rows=920, values={"mae": 2.0}), slices=slices)
    number = PACKAGE.model_copy(update={"task": "regression", "evaluation": evaluation})
    masks = {
        "__all__": np.ones(3, bool),
        "kind=red": np.array([True, False, False]),
        "kind=blue": np.array([False, True, False]),
    }
    found = expected_loss([{"prediction": 1.0}] * 3, number, None, masks)
    assert found.mean == pytest.approx([(20 * 9 + 20 * 2) / 40, (900 + 40) / 920, 2.0])
    assert (found.share, found.source) == (False, "mean absolute error of the packaged slices")


def test_quantiles_expect_an_error_as_wide_as_they_are():
    output = Output(name="y", kind="quantiles", target=("y",), levels=(0.1, 0.5, 0.9))
    schema = PACKAGE.schema_.model_copy(update={"outputs": (output,), "target": None})
    package = PACKAGE.model_copy(update={"task": "outputs", "schema_": schema})
    answers = [{"prediction": {"0.1": 0.0, "0.5": 1.0, "0.9": 3.0}}, {"prediction": None}]
    answers.append({"prediction": {"0.1": 0.0, "0.5": 1.0, "0.9": 1.0}})
    found = expected_loss(answers, package, None, {})
    assert found.mean.tolist() == [3.0, 2.0, 1.0]
