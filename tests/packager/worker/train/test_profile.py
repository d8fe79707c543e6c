"""The monitoring profile: features, the model's answers, usual anomalies, and calibration."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from profiled_models import RANDOM, LabelsOnly, Model, made, profiled

from monitoring.profile.profile import DriftExclusion
from packager.errors import PackageError
from packager.worker.train.dataset import Dataset
from packager.worker.train.importance import by_importance
from packager.worker.train.profile import profile

pytestmark = pytest.mark.slow


def test_the_same_data_and_model_give_the_same_profile() -> None:
    dataset, schema, loaded = made(Model())
    assert profiled(dataset, schema, loaded) == profiled(dataset, schema, loaded)


def test_the_model_s_answers_are_profiled_on_held_out_rows() -> None:
    dataset, schema, loaded = made(Model())
    found = {feature.name: feature for feature in profiled(dataset, schema, loaded).features}
    answers = loaded.predict(dataset.test)
    expected = pd.Series(answers.labels).value_counts().sort_index()
    assert found["__prediction__"].bins == tuple(expected.index)
    assert found["__prediction__"].counts == tuple(expected)
    assert answers.probabilities is not None
    confidence = answers.probabilities.max(axis=1)
    assert found["__confidence__"].minimum == confidence.min()
    assert sum(found["__confidence__"].counts) == len(dataset.test)


def test_of_a_split_by_time_the_answers_are_those_of_all_seasons() -> None:
    dataset, schema, loaded = made(Model())
    cold = dataset.test.assign(f150=-1.0)  # the last rows, and a season of their own
    dataset = replace(dataset, test=cold)
    found = {one.name: one for one in profiled(dataset, schema, loaded, by_time=True).features}
    alone = {one.name: one for one in profiled(dataset, schema, loaded).features}
    every = pd.concat([dataset.train, cold], ignore_index=True)
    answers = pd.Series(loaded.predict(every).labels).value_counts().sort_index()
    assert found["__prediction__"].counts == tuple(answers)
    assert sum(found["__confidence__"].counts) == len(cold)  # training rows are known by heart
    assert "__prediction__" not in alone or alone["__prediction__"].counts != tuple(answers)


def test_a_model_that_raises_on_training_rows_is_compared_with_held_out_answers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    dataset, schema, loaded = made(Model())

    def only_held_out(frame: pd.DataFrame) -> Any:
        if len(frame) > len(dataset.test):
            raise PackageError("the model raised ValueError: only the future is known")
        return loaded.predict(frame)

    future = SimpleNamespace(predict=only_held_out, classes=loaded.classes, task=loaded.task)
    rank = partial(by_importance, loaded)
    found = profile(dataset, schema, future, rank, by_time=True)
    assert found.features == profiled(dataset, schema, loaded).features
    said = capsys.readouterr().err
    assert "compared with those of held-out rows only: the model raised" in said
    assert "Traceback" not in said


def test_what_is_usual_in_the_reference_is_kept() -> None:
    dataset, schema, loaded = made(Model())
    usual = profiled(dataset, schema, loaded).reference_anomalies
    assert usual["f7"]["missing"] == 25 / 250
    assert usual["shop"] == {"missing": 0, "unseen": 10 / 250}
    assert usual["f3"]["above_range"] >= 5 / 250
    assert usual["f3"]["below_range"] < 0.1


def test_features_that_tell_the_time_get_no_bins_and_are_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    dataset, schema, loaded = made(Model())
    excluded = {
        "f150": DriftExclusion(reason="calendar", detail="month of when"),
        "f3": DriftExclusion(reason="excluded", detail="[monitoring] exclude"),
    }
    found = profiled(dataset, schema, loaded, excluded)
    assert found.drift_excluded == excluded
    assert not {"f150", "f3"} & ({one.name for one in found.features} | {*found.left_out})
    assert found.reference_anomalies["f150"] == {"missing": 0.0}
    assert found.reference_anomalies["f3"] == {}
    said = capsys.readouterr().err
    assert "monitoring: not compared, because live rows would always drift: f150 (month of" in said
    assert "[monitoring] include" in said


def test_confidence_is_calibrated_by_held_out_answers() -> None:
    dataset, schema, loaded = made(Model(), rows=4_000)
    wrong = RANDOM.uniform(size=len(dataset.test)) < 0.3
    flipped = np.where(dataset.test["y"] == "yes", "no", "yes")
    labels = np.where(wrong, flipped, dataset.test["y"])
    test = dataset.test.assign(y=labels)
    noisy = Dataset(dataset.train, test, dataset.features, ("y",))
    found = profiled(noisy, schema, loaded).calibration
    assert found is not None
    assert found.rows == len(test)
    answers = loaded.predict(test)
    assert answers.probabilities is not None
    confidences = answers.probabilities.max(axis=1)
    assert found.correct_many(confidences).mean() == pytest.approx(1 - wrong.mean(), abs=1e-6)
    assert profiled(*made(LabelsOnly())).calibration is None
