"""Weights of components become weights of the features that they are computed from."""

from __future__ import annotations

import numpy as np

from modelhost.compiling.components import Projection, UnfoldedMatrix
from modelhost.compiling.provenance import ComponentFeature, NumericFeature, TextFeature


def test_a_matrix_without_components_keeps_its_weights() -> None:
    cells = (TextFeature(0, 0), NumericFeature(1))
    own = np.array([[1.0, -2.0]])
    whole = UnfoldedMatrix(cells, [])
    assert whole.cells == list(cells)
    folded = whole.weights(own)
    assert (folded.weights.tolist(), folded.largest, folded.terms) == ([[1.0, -2.0]], None, 0)


def test_scores_of_components_are_those_of_their_features() -> None:
    random = np.random.default_rng(0)
    factors = random.normal(size=(3, 4))
    given = tuple(TextFeature(0, at) for at in range(4))
    # The second component was not selected.
    cells = (
        NumericFeature(5),
        ComponentFeature(0, 2),
        ComponentFeature(0, 0),
        TextFeature(1, 0),
    )
    whole = UnfoldedMatrix(cells, [Projection(given, factors)])
    assert whole.cells == [NumericFeature(5), *given, TextFeature(1, 0)]
    assert [whole.origin(at) for at in (0, 5)] == [0, 3]
    own = random.normal(size=(2, 4))
    folded = whole.weights(own)
    features, number, other = random.random(4), 0.3, 0.7
    components = factors @ features
    wanted = own @ np.array([number, components[2], components[0], other])
    assert np.allclose(folded.weights @ np.array([number, *features, other]), wanted)
    assert folded.terms == 2
    assert folded.largest is not None
    assert folded.largest >= np.abs(folded.weights).max()


def test_weights_that_cancel_each_other_are_bounded_by_their_sizes() -> None:
    factors = np.array([[1e8], [1e8]])
    cells = (ComponentFeature(0, 0), ComponentFeature(0, 1))
    folded = UnfoldedMatrix(cells, [Projection((TextFeature(0, 0),), factors)]).weights(
        np.array([[1.0, -1.0]])
    )
    assert folded.weights.tolist() == [[0.0]]
    assert folded.largest == 2e8
