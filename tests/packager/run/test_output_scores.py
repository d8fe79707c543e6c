"""Scores of rows, which two packages with outputs are compared by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import ndcg_score, roc_auc_score

from packager.data.array_column import ArrayColumn
from packager.errors import PackageError, UsageError
from packager.manifest.outputs import Output
from packager.run.output_scores import (
    NoScoreError,
    OutputScores,
    answers_of,
    measure_of,
    paired_outputs,
)

FRAME = pd.DataFrame(
    {
        "a": [1, 0],
        "b": [1, 1],
        "price": [1.0, 4.0],
        "text": ["red fox", "no"],
        "doc": ["[1]", "2"],
        "items": ['["x"]', '["y"]'],
    }
)
FRAME["vector"] = pd.Series(ArrayColumn(np.array([[1.0, 2.0], [0.0, 0.0]])))
BOTH = np.ones(2, np.bool_)


@pytest.mark.parametrize(
    ("more", "given", "expected"),
    [
        ({"kind": "label", "target": ("a",)}, [1, 1], [1, 0]),
        ({"kind": "number", "target": ("price",)}, [2.0, 2.0], [-1, -2]),
        ({"kind": "labels", "target": ("a", "b")}, [["a"], ["b"]], [0.5, 1]),
        ({"kind": "numbers", "target": ("a", "b")}, [[1, 2], [0, 1]], [-0.5, 0]),
        ({"kind": "array", "target": ("vector",)}, [[1, 2], [1, 3]], [0, -2]),
        (
            {"kind": "quantiles", "target": ("price",), "levels": (0.5,)},
            [{"0.5": 2.0}, {"0.5": 2.0}],
            [-0.5, -1],
        ),
        ({"kind": "text", "target": ("text",)}, ["red", "no"], [2 / 3, 1]),
        ({"kind": "json", "target": ("doc",)}, [[1], 3], [1, 0]),
        ({"kind": "json", "target": ("items",), "top": 2}, [["z", "x"], ["a"]], [1, 0]),
    ],
)
def test_a_higher_score_is_better(more: Any, given: list[Any], expected: list[float]) -> None:
    found = OutputScores(given, FRAME, Output(name="y", **more)).over(BOTH)
    assert found.tolist() == pytest.approx(expected)


def test_scores_of_anomalies_are_paired_as_delong_s_test_pairs_them() -> None:
    random = np.random.default_rng(3)
    truth = random.random(80) < 0.3
    frame = pd.DataFrame({"odd": truth.astype(int)})
    output = Output(name="s", kind="score", target=("odd",))
    given = [truth * shift + random.normal(size=80) for shift in (0.5, 2.0)]
    first, second = (OutputScores(one.tolist(), frame, output) for one in given)
    for mask in (np.ones(80, np.bool_), np.arange(80) < 50):
        one, other = first.over(mask), second.over(mask)
        areas = [roc_auc_score(truth[mask], scores[mask]) for scores in given]
        assert [one.mean(), other.mean()] == pytest.approx(areas)
        odd, usual = truth & mask, ~truth & mask
        # DeLong's variance of the difference, from the placements of both kinds of rows.
        above = [[np.mean(s[row] > s[usual]) for row in np.flatnonzero(odd)] for s in given]
        below = [[np.mean(s[row] < s[odd]) for row in np.flatnonzero(usual)] for s in given]
        parts = [np.subtract(*places).var() / len(places[0]) for places in (above, below)]
        gaps = other - one
        assert gaps.var() / len(gaps) == pytest.approx(sum(parts))


def test_scores_need_rows_of_both_kinds() -> None:
    frame = pd.DataFrame({"odd": [1, 0, 1], "level": [0.5, 2.0, 3.0]})
    own = OutputScores([1.0, 2.0, 3.0], frame, Output(name="s", kind="score", target=("odd",)))
    with pytest.raises(NoScoreError, match="its ROC AUC is not defined for these rows"):
        own.over(np.array([True, False, True]))
    rated = OutputScores([1.0, 2.0, 3.0], frame, Output(name="s", kind="score", target=("level",)))
    with pytest.raises(NoScoreError, match="its ROC AUC is not defined"):
        rated.over(np.ones(3, np.bool_))


def test_rankings_are_compared_by_query() -> None:
    frame = pd.DataFrame({"q": ["a", "a", "b", "b"], "y": [1, 0, 0, 1]})
    output = Output(name="r", kind="number", target=("y",), group="q", k=2)
    found = OutputScores([2.0, 1.0, 2.0, 1.0], frame, output).over(np.ones(4, np.bool_))
    assert found.tolist() == pytest.approx([1, ndcg_score([[0, 1]], [[2, 1]])])
    assert measure_of(output).shown == "NDCG of 2"


def test_survival_curves_have_brier_scores_and_risks_none() -> None:
    frame = pd.DataFrame({"t": [1.0, 3.0, 5.0], "seen": [True, True, True]})
    curves = Output(name="c", kind="numbers", target=("t",), event="seen", times=(2.0, 4.0))
    found = OutputScores([[0, 0], [1, 0], [1, 0]], frame, curves).over(np.ones(3, np.bool_))
    assert found.tolist() == pytest.approx([0, 0, -0.5])
    with pytest.raises(NoScoreError, match="the concordance of a risk has no score of a row"):
        measure_of(Output(name="r", kind="score", target=("t",), event="seen"))


def test_a_row_without_an_answer_is_refused() -> None:
    output = Output(name="y", kind="number", target=("price",))
    with pytest.raises(PackageError, match="expected an answer for every row"):
        OutputScores([None, 1.0], FRAME, output)
    numbers = Output(name="y", kind="numbers", target=("a", "b"))
    with pytest.raises(PackageError, match="expected an answer for every row"):
        OutputScores([[None, None], [1, 1]], FRAME, numbers).over(BOTH)


def test_answers_of_one_and_of_several_outputs() -> None:
    assert answers_of([{"prediction": 1}], "a", 1) == [1]
    several = [{"prediction": {"a": 1, "b": 2}}, {"prediction": None}]
    assert answers_of(several, "b", 2) == [2, None]


PRICE = Output(name="price", kind="number", target=("y",))
CLUSTER = Output(name="cluster", kind="label")


def test_outputs_that_can_not_be_compared_are_named_with_the_reason() -> None:
    spread = Output(name="spread", kind="quantiles", target=("y",), levels=(0.1, 0.9))
    wider = spread.model_copy(update={"levels": (0.05, 0.95)})
    extra = Output(name="extra", kind="text", target=("z",))
    pairs, left_out = paired_outputs([PRICE, CLUSTER, spread, extra], [PRICE, CLUSTER, wider])
    assert [one.name for one, _ in pairs] == ["price"]
    assert left_out == {
        "cluster": "it has no right answers",
        "spread": (
            "expected the same levels, got 0.1, 0.9 in the first and 0.05, 0.95 in the second"
        ),
        "extra": "the second package lacks it",
    }
    assert paired_outputs([PRICE], [PRICE, extra])[1] == {"extra": "the first package lacks it"}


def test_the_only_output_may_have_another_name() -> None:
    pairs, left_out = paired_outputs([PRICE], [PRICE.model_copy(update={"name": "cost"})])
    assert [(one.name, other.name) for one, other in pairs] == [("price", "cost")]
    assert left_out == {}


def test_packages_without_an_output_to_compare_are_refused_by_name() -> None:
    with pytest.raises(UsageError) as refused:
        paired_outputs([CLUSTER], [CLUSTER])
    assert refused.value.message == (
        "--data: expected an output with a score of each row, got cluster (label): it has no right "
        "answers"
    )
