"""Two runs of a flow on the same rows agree, or the build stops."""

from __future__ import annotations

import numpy as np
import pytest

from packager.errors import PackageError
from packager.model.predictions import Predictions
from packager.worker.test.repeated_answers import check_repeated, first_difference


def test_equal_answers_and_the_last_bits_are_equal() -> None:
    one = Predictions([1.0, None, 2.0], None)
    check_repeated(one, Predictions([1.0, None, 2.0 + 1e-9], None))
    assert first_difference(one, one) is None


def test_the_first_row_that_differs_is_named() -> None:
    with pytest.raises(PackageError) as error:
        check_repeated(Predictions([1.0, 2.0, 3.0], None), Predictions([1.0, 2.5, 4.0], None))
    assert error.value.message == (
        "the flow: expected the same answer to the same row twice, got 2.0 and 2.5 for held-out"
        " row 1"
    )
    assert error.value.hint.startswith("a flow keeps no state between calls")


def test_probabilities_count() -> None:
    one = Predictions(["a", "a"], np.array([[0.6, 0.4], [0.6, 0.4]]))
    other = Predictions(["a", "a"], np.array([[0.6, 0.4], [0.7, 0.3]]))
    with pytest.raises(PackageError, match="got other probabilities of a for held-out row 1"):
        check_repeated(one, other)


def test_labels_of_other_types_differ() -> None:
    assert first_difference(Predictions([1], None), Predictions([True], None)) == 0
    assert first_difference(Predictions(["a"], None), Predictions([None], None)) == 0
