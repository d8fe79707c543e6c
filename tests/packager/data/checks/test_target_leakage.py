"""Features that determine the target alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dirty_tables import clean, issues_of

from packager.data.checks.target_leakage import target_leakage


@pytest.mark.slow
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_feature_that_gives_the_target_away_is_found_among_many(task):
    draw = np.random.default_rng(6)
    frame = pd.DataFrame(draw.normal(size=(300, 400)), columns=[f"f{n}" for n in range(400)])
    frame["label"] = draw.uniform(0, 2, 300)
    frame["tells"] = np.exp(frame["label"])
    if task == "classification":
        frame["label"] = np.where(frame["label"] > 1.2, "rare", "common")
    found = issues_of(target_leakage, frame, task=task)
    assert [one.column for one in found] == ["tells"]


def test_a_feature_that_follows_from_the_target_is_target_leakage():
    frame = clean().assign(code=lambda rows: (rows["label"] == "big").astype(int))
    found = issues_of(target_leakage, frame, task="classification")
    assert [one.column for one in found] == ["code"]
