"""Outputs as one label or number a row: calibration and fairness are judged of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.predictions import Predictions
from packager.manifest.outputs import Output
from packager.manifest.policy import CalibrationPolicy, FairnessPolicy, Policy
from packager.worker.test.baseline import Baseline
from packager.worker.test.calibration import calibration
from packager.worker.test.class_baseline import class_baseline
from packager.worker.test.fairness import fairness, fairness_baseline
from packager.worker.test.judged_parts import judged_parts
from packager.worker.test.judged_rows import JudgedOutputs, baseline_of
from packager.worker.test.verdict import judge

pytestmark = pytest.mark.slow

KIND = Output(name="kind", kind="label", target=("kind",), classes=("no", "yes"))
PRICE = Output(name="price", kind="number", target=("price",))
TAGS = Output(name="tags", kind="labels", target=("red", "new"))
NOTE = Output(name="note", kind="text", target=("note",))
SEX = FairnessPolicy(columns=("sex",))


def drawn(rows: int, seed: int, *, boast: float = 0.0) -> tuple[pd.DataFrame, JudgedOutputs]:
    """Calibrated answers to four outputs; ``boast`` is added to the confidence in ``yes``."""
    draw = np.random.default_rng(seed)
    chance = draw.uniform(0.02, 0.98, rows)
    frame = pd.DataFrame(
        {
            "sex": draw.choice(["f", "m"], rows),
            "kind": np.where(draw.random(rows) < chance, "yes", "no"),
            "price": draw.normal(50, 10, rows),
            "red": draw.random(rows) < 0.5,
            "new": draw.random(rows) < 0.2,
            "note": "fine",
        }
    )
    said = np.clip(chance + boast * (chance > 0.5), 0, 1)
    answers: list[Any] = [
        {"kind": "yes" if one > 0.5 else "no", "price": price + 1, "tags": ["red"], "note": "fine"}
        for one, price in zip(chance, frame["price"], strict=True)
    ]
    more = [{"probabilities": {"kind": {"no": 1 - one, "yes": one}}} for one in said.tolist()]
    found = Predictions(answers, None, more)
    return frame, JudgedOutputs.of(frame, (KIND, PRICE, TAGS, NOTE), found, [])


def packaged(frame: pd.DataFrame, judged: JudgedOutputs) -> Baseline:
    found = baseline_of(judged, {"__all__": np.ones(len(judged), np.bool_)})
    parts = {name: class_baseline(rows) for name, rows in judged_parts(judged).parts.items()}
    own = {
        "outputs": {name: one for name, one in parts.items() if one is not None},
        "fairness": fairness_baseline(judged, frame, {"sex": ("f", "m")}, SEX),
    }
    return Baseline.model_validate_json(found.model_copy(update=own).model_dump_json())


def test_each_label_number_and_label_of_a_set_is_a_part() -> None:
    _, judged = drawn(100, 0)
    parts, left_out = judged_parts(judged)
    assert {name: (one.task, one.classes) for name, one in parts.items()} == {
        "kind": ("classification", ("no", "yes")),
        "price": ("regression", None),
        "tags.red": ("classification", (False, True)),
        "tags.new": ("classification", (False, True)),
    }
    assert parts["tags.red"].predictions.labels == [True] * 100
    assert parts["tags.new"].predictions.labels == [False] * 100
    assert left_out == {"note": "its answers (kind text) are no label and no number of a row"}


def test_calibration_is_judged_of_each_output_with_probabilities() -> None:
    baseline = packaged(*drawn(6_000, 1))
    same = calibration(drawn(6_000, 2)[1], baseline, CalibrationPolicy())
    (family,) = judge({"calibration": same}, Policy())
    assert family.verdict == "passed"
    assert [one.name for one in family.checks] == [
        "kind: accuracy at equal confidence",
        "kind: reliability curve",
    ]
    assert family.details["output"] == "kind"
    assert {one.subject: one.why for one in family.not_tested} == {
        "note": "its answers (kind text) are no label and no number of a row",
        "price": "only labels have a confidence",
        "tags.red": "the model gives no probabilities",
        "tags.new": "the model gives no probabilities",
    }
    boasting = calibration(drawn(6_000, 3, boast=0.3)[1], baseline, CalibrationPolicy())
    (family,) = judge({"calibration": boasting}, Policy())
    assert family.verdict == "failed"
    assert family.why.startswith("kind: accuracy 0.")


def test_fairness_is_judged_of_each_part() -> None:
    frame, judged = drawn(6_000, 4)
    baseline = packaged(*drawn(6_000, 5))
    found = fairness(judged, frame, baseline, SEX)
    assert {one.metric for one in found.checks} == {
        *("kind.accuracy", "price.mae", "tags.red.accuracy", "tags.new.accuracy"),
    }
    by_name = {one.name: one for one in found.checks}
    assert by_name["price.mae sex=f"].baseline == pytest.approx(0, abs=1e-9)
    assert by_name["price.mae sex=f"].limit == pytest.approx(0.1)
    assert [one.subject for one in found.not_tested] == ["note"]


def test_a_declared_part_with_too_few_rows_keeps_calibration_from_passing() -> None:
    baseline = packaged(*drawn(6_000, 1))
    few = calibration(drawn(3, 2)[1], baseline, CalibrationPolicy(gap=0.01))
    assert few.not_judged == "no output has a confidence that can be compared"
    assert {one.subject for one in few.not_tested if one.requested} == {"kind"}
