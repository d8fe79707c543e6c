from __future__ import annotations

import pytest
from pydantic import ValidationError

from packager.tracker.core.plot import PLOT


@pytest.mark.parametrize(
    ("plot", "said"),
    [
        ({"plot": "bins", "title": "t", "bins": ["a"], "reference": [1], "live": []}, "as many"),
        ({"plot": "bins", "title": "t", "bins": [], "reference": [], "live": []}, "at least 1"),
        ({"plot": "bins", "title": "t", "bins": ["a"], "reference": [2], "live": [1]}, "less than"),
        ({"plot": "histogram", "title": "t", "edges": [0, 1], "counts": [1, 2]}, "one edge more"),
        ({"plot": "histogram", "title": "t", "edges": [1, 1], "counts": [1]}, "ascending"),
        ({"plot": "series", "title": "t", "lines": []}, "at least 1"),
        ({"plot": "series", "title": "t", "lines": [{"name": "x", "points": [
            {"at": 2, "value": 1}, {"at": 1, "value": 1}]}]}, "order of time"),
        ({"plot": "series", "title": "t", "lines": [{"name": "x", "points": [
            {"at": 2, "value": float("nan")}]}]}, "finite"),
        ({"plot": "pie", "title": "t"}, "pie"),
    ],
)  # fmt: skip
def test_plots_that_could_not_be_drawn_are_refused(plot: dict[str, object], said: str):
    with pytest.raises(ValidationError, match=said):
        PLOT.validate_python(plot)


def test_a_plot_comes_back_as_it_was_kept():
    plot = PLOT.validate_python(
        {"plot": "bins", "title": "t", "bins": ["a"], "reference": [1], "live": [0.5]}
    )
    assert PLOT.validate_json(plot.model_dump_json()) == plot
