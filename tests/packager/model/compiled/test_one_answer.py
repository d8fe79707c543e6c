"""The answer to one row is that of many rows, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.model.compiled.heads import HeadSpec, LinkedScores
from packager.model.compiled.one_answer import one_answer

SCORES = st.floats(-40, 40) | st.sampled_from([0.0, 1e-10, -1e-10, 700.0, -700.0])
ERRORS = st.sampled_from([0.0, 1e-12, 1e-9, 1e-6])


def meaning(classes: int | None, chances: bool) -> HeadSpec:
    """Classes ``a``, ``b``, …, or a regression."""
    task = "regression" if classes is None else "classification"
    labels = None if classes is None else tuple("abcdefghijkl"[:classes])
    return HeadSpec(task, labels, chances, 1e-9)


@pytest.mark.parametrize(
    ("link", "classes", "scores"),
    [
        ("none", None, 1),
        ("logistic", 2, 1),
        ("labels", 2, 1),
        ("labels", 3, 3),
        ("softmax", 2, 2),
        ("softmax", 3, 3),
        ("softmax", 12, 12),
        ("ovr", 3, 3),
    ],
)
@given(data=st.data())
def test_one_row_is_answered_as_many(
    link: str, classes: int | None, scores: int, data: st.DataObject
) -> None:
    spec = meaning(classes, link not in ("none", "labels"))
    row = np.array(data.draw(st.lists(SCORES, min_size=scores, max_size=scores)))
    error = data.draw(ERRORS)
    many = LinkedScores(link, spec)(row[None], np.array([error]))  # type: ignore[arg-type]
    one = one_answer(link, spec)(row, error)  # type: ignore[arg-type]
    assert (one is not None) == bool(many.good[0])
    if one is None:
        return
    assert one[0] == many.labels[0]
    if many.probabilities is None:
        assert one[1] is None
    elif link == "logistic":  # NumPy's exponential may differ from Python's in the last bit
        assert one[1] == pytest.approx(many.probabilities[0].tolist(), abs=1e-15)
    else:
        assert one[1] == many.probabilities[0].tolist()
