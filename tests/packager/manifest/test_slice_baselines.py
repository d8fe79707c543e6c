"""What monitoring reads of ``baseline.json``."""

from __future__ import annotations

import pytest

from packager.manifest.slice_baselines import LossTotals, SliceBaselines


def test_other_parts_of_the_file_are_passed_over() -> None:
    text = (
        '{"rows": 3, "fairness": {}, "design_effect": 2.0, "slices": {"__all__": {"rows": 3, '
        '"metrics": {"mae": {"value": 1.0, "variance": null, "rows": 0, "degrees": 0, "x": 1}}}}}'
    )
    found = SliceBaselines.model_validate_json(text)
    assert found.design_effect == 2
    assert found.slices["__all__"].losses is None
    assert found.slices["__all__"].metrics["mae"].variance is None


@pytest.mark.parametrize(("effect", "rows"), [(4.0, 2.5), (1.0, 10.0), (0.1, 10.0)])
def test_rows_are_divided_by_a_design_effect_of_at_least_1(effect: float, rows: float) -> None:
    assert LossTotals(rows=10, total=5, squares=5, design_effect=effect).independent_rows == rows


def test_the_variance_is_that_of_the_sums() -> None:
    assert LossTotals(rows=4, total=8, squares=20).variance == 1  # 1, 1, 3, 3
    assert LossTotals(rows=4, total=8, squares=15.99).variance == 0
    assert LossTotals(rows=0, total=0, squares=0).variance is None
