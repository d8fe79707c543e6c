"""Measures of right and wrong answers, by kind of output."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.scoring.measures import ROW_MEASURES, OutputForm, whole_measures


def test_quantiles_against_the_definition():
    form = OutputForm("quantiles", None, (0.1, 0.9))
    answers = [{"0.1": 0.0, "0.9": 10.0}, {"0.1": 0.0, "0.9": 10.0}]
    found = ROW_MEASURES["quantiles"]([5.0, 12.0], answers, form)
    assert found["pinball_0.1"] == pytest.approx([0.5, 1.2])
    assert found["pinball_0.9"] == pytest.approx([0.5, 1.8])
    assert found["coverage"].tolist() == [1.0, 0.0]
    assert found["width"].tolist() == [10.0, 10.0]


def test_sets_of_labels():
    found = ROW_MEASURES["labels"](
        [["a", "b"], [], ["a"]], [["a"], [], ["a"]], OutputForm("labels")
    )
    assert found["subset_accuracy"].tolist() == [0.0, 1.0, 1.0]
    assert found["jaccard"].tolist() == [0.5, 1.0, 1.0]


def test_several_numbers():
    found = ROW_MEASURES["numbers"]([[1, 2]], [[2, None]], OutputForm("numbers"))
    assert found["mae"].tolist() == [1.0]


def test_text_overlaps():
    found = ROW_MEASURES["text"](["the red fox"], ["red fox"], OutputForm("text"))
    assert found["exact_match"].tolist() == [0.0]
    assert found["token_f1"] == pytest.approx([0.8])


def test_scores_without_a_truth():
    found = whole_measures(None, [1.0, 3.0], OutputForm("score"))
    assert found == {"score_mean": 2.0, "score_std": 1.0}
    assert np.isfinite(list(found.values())).all()
