"""The design effect of the quality on held-out rows."""

from __future__ import annotations

import numpy as np
import pytest

from packager.model.predictions import Predictions
from packager.worker.test.headline_effect import headline_effect
from packager.worker.test.judged_rows import JudgedRows


def judged(groups: np.ndarray | None) -> JudgedRows:
    errors = np.repeat(np.random.default_rng(0).gamma(1, 2, 60), 4)
    return JudgedRows("regression", [0.0] * 240, Predictions(errors.tolist(), None), None, groups)


def test_four_equal_rows_of_a_group_say_what_one_says() -> None:
    assert headline_effect(judged(np.repeat(np.arange(60), 4))) == pytest.approx(4, rel=0.03)
    assert headline_effect(judged(None)) == 1


def test_it_is_at_least_1() -> None:
    """Every fourth row in one group: each group has the same mean."""
    assert headline_effect(judged(np.tile(np.arange(4), 60))) == 1
