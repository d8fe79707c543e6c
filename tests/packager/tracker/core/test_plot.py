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
        ({"plot": "intervals", "title": "t", "rows": []}, "at least 1"),
        ({"plot": "intervals", "title": "t", "rows": [{"name": "a", "value": 1, "low": 0}]},
         "both ends"),
        ({"plot": "intervals", "title": "t", "rows": [
            {"name": "a", "value": 1, "low": 2, "high": 1}]}, "from low to high"),
        ({"plot": "counts", "title": "t", "rows": [{"name": "a", "count": 2}], "total": 1},
         "above the total"),
        ({"plot": "counts", "title": "t", "rows": [{"name": "a", "count": 0}], "total": 0},
         "greater than 0"),
        ({"plot": "levels", "title": "t", "levels": ["a"], "required": 1}, "positions of levels"),
        ({"plot": "levels", "title": "t", "levels": ["a"], "required": 0, "reached": 1},
         "positions of levels"),
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
