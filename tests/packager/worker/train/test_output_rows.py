"""Right answers, and what else the metrics of an output need."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from packager.errors import UsageError
from packager.manifest.outputs import Output
from packager.model.predictions import Predictions
from packager.worker.train.output_rows import (
    by_output,
    form_of,
    numeric_features,
    queries_of,
    right_answers,
    scored_rows,
    seen_events,
)


def test_right_answers_have_the_form_of_answers() -> None:
    frame = pd.DataFrame({"a": [1, 0], "b": [1, 1], "doc": ['{"x": [1]}', "null"]})
    several = Output(name="y", kind="labels", target=("a", "b"))
    assert right_answers(frame, several) == [["a", "b"], ["b"]]
    numbers = Output(name="y", kind="numbers", target=("a", "b"))
    assert right_answers(frame, numbers) == [[1.0, 1.0], [0.0, 1.0]]
    assert right_answers(frame, Output(name="y", kind="json", target=("doc",))) == [
        {"x": [1]},
        None,
    ]
    assert right_answers(frame, Output(name="y", kind="json")) is None


def test_a_target_that_is_no_json_is_refused() -> None:
    frame = pd.DataFrame({"doc": ["yes"]})
    with pytest.raises(UsageError) as refused:
        right_answers(frame, Output(name="y", kind="json", target=("doc",)))
    assert refused.value.message == (
        "output 'y' (json): expected JSON in 'doc', got a text that isn't"
    )


def test_events_are_booleans_or_0_and_1() -> None:
    frame = pd.DataFrame({"a": [0, 1], "b": [True, False], "c": [1, 2], "d": ["yes", "no"]})
    assert seen_events(frame, "a").tolist() == [False, True]
    assert seen_events(frame, "b").tolist() == [True, False]
    for name in ("c", "d"):
        with pytest.raises(UsageError, match="expected booleans or 0 and 1"):
            seen_events(frame, name)


def test_probabilities_are_found_by_output() -> None:
    outputs = (
        Output(name="size", kind="label", classes=(1, 2)),
        Output(name="price", kind="number"),
    )
    more = [{"probabilities": {"size": {"1": 0.25, "2": 0.75}}}]
    found = by_output(Predictions([{"size": 2, "price": 5.0}], None, more), outputs)
    assert found[0].labels == [2]
    assert found[0].probabilities is not None
    assert found[0].probabilities.tolist() == [[0.25, 0.75]]
    assert found[1].labels == [5.0]
    assert found[1].probabilities is None


def test_numeric_features_are_numbers_without_booleans() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, None], "c": [True, False], "d": ["x", "y"]})
    found = numeric_features(frame)
    assert found.shape == (2, 2)
    assert np.isnan(found[1, 1])


def test_the_rows_of_a_ranking_have_their_queries() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "rel": [0, 1], "query": ["p", "q"]})
    output = Output(name="y", kind="score", target=("rel",), group="query", k=10)
    rows = scored_rows(frame, output, Predictions([0.5, 0.1], None), ("x",))
    assert rows.queries == ["p", "q"]
    assert rows.features is None


def test_the_form_of_survival_has_the_censoring_of_the_training_rows() -> None:
    frame = pd.DataFrame({"time": [1.0, 2.0], "seen": [False, True]})
    output = Output(name="y", kind="numbers", target=("time",), event="seen", times=(1.0,))
    form = form_of(output, frame)
    assert form.censoring is not None
    assert form.censoring.times.tolist() == [1.0]
    assert form.censoring.shares.tolist() == [0.5]


@pytest.mark.parametrize(
    "output",
    [
        Output(name="y", kind="number", target=("a",)),
        Output(name="y", kind="score", target=("a",)),
        Output(name="y", kind="numbers", target=("a", "b")),
    ],
)
def test_a_target_that_is_no_number_is_refused(output: Output) -> None:
    right_answers(pd.DataFrame({"a": [1, 2.5], "b": [True, 0]}), output)
    with pytest.raises(UsageError, match=r"expected numbers in 'a'.*, got others"):
        right_answers(pd.DataFrame({"a": [1, "many"], "b": [1, 2]}), output)


def test_a_ranking_needs_the_column_with_the_query() -> None:
    output = Output(name="y", kind="score", target=("a",), group="query", k=5)
    with pytest.raises(UsageError, match="expected the column 'query' with the query of each row"):
        scored_rows(pd.DataFrame({"a": [1, 0]}), output, Predictions([0.5, 0.1], None), ["a"])


@pytest.mark.parametrize("query", [["p", None, None], [1.0, np.nan, np.nan]])
def test_a_row_without_a_query_can_not_be_ranked(query: list[object]) -> None:
    output = Output(name="y", kind="score", target=("a",), group="query", k=5)
    frame = pd.DataFrame({"a": [1, 0, 1], "query": query})
    with pytest.raises(UsageError) as refused:
        scored_rows(frame, output, Predictions([0.5, 0.1, 0.2], None), ["a"])
    assert refused.value.message == (
        "output 'y': expected the query of each row in 'query', got none in 2 rows"
    )
    assert queries_of(frame[:1], output) == [query[0]]
    assert queries_of(frame, Output(name="y", kind="score", target=("a",))) is None
