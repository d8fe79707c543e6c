from __future__ import annotations

from typing import Any

import numpy as np

from packager.manifest.outputs import Output
from packager.model.compiled.heads import BatchOutput
from packager.model.compiled.joined_answers import JoinedAnswers, part_meanings


def part(labels: list[Any], good: list[bool], chances: Any = None) -> BatchOutput:
    probabilities = None if chances is None else np.array(chances, np.float64)
    return BatchOutput(labels, probabilities, np.array(good))


def test_a_row_is_good_if_it_is_in_every_part() -> None:
    outputs = [Output(name="a", kind="number"), Output(name="b", kind="number")]
    found = JoinedAnswers(outputs)(
        [part([1.0, 2.0], [True, False]), part([3.0, 4.0], [True, True])]
    )
    assert found.good.tolist() == [True, False]
    assert found.labels == [{"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 4.0}]


def test_a_set_of_labels_has_the_probability_of_each() -> None:
    output = Output(name="tags", kind="labels", classes=("x", "y"))
    found = JoinedAnswers([output])(
        [
            part([True, False], [True] * 2, [[0.2, 0.8], [0.9, 0.1]]),
            part([True, False], [True] * 2, [[0.4, 0.6], [0.7, 0.3]]),
        ]
    )
    assert found.labels == [["x", "y"], []]
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[0.8, 0.6], [0.1, 0.3]]


def test_probabilities_of_several_labels_are_named() -> None:
    outputs = [
        Output(name="a", kind="label", classes=(False, True)),
        Output(name="b", kind="label", classes=("x", "y")),
    ]
    found = JoinedAnswers(outputs)(
        [part([True], [True], [[0.2, 0.8]]), part(["x"], [True], [[0.6, 0.4]])]
    )
    assert (found.labels, found.probabilities) == ([{"a": True, "b": "x"}], None)
    assert found.more == [
        {"probabilities": {"a": {"false": 0.2, "true": 0.8}, "b": {"x": 0.6, "y": 0.4}}}
    ]


def test_parts_are_in_the_order_of_levels_and_numbers() -> None:
    quantiles = Output(name="q", kind="quantiles", levels=(0.1, 0.5))
    numbers = Output(name="n", kind="numbers", shape=(3,))
    assert part_meanings([quantiles]) == [("regression", None)] * 2
    assert part_meanings([numbers]) == [("regression", None)] * 3
    found = JoinedAnswers([quantiles])([part([1.0], [True]), part([2.0], [True])])
    assert found.labels == [{"0.1": 1.0, "0.5": 2.0}]
