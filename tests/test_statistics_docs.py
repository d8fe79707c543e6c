"""Every formula of docs/statistics.md is where the page says that it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PAGE = (TOP / "docs" / "statistics.md").read_text(encoding="utf-8")
PLACES = re.findall(r"`((?:monitoring|packager)/[\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", PAGE)
ELSEWHERE = {
    *("annotators", "binning", "derived_bins", "feature_bins", "distributions", "row_halves"),
    *("score_histograms", "slice_features", "slice_fitting", "slice_parts", "slice_scores"),
    *("slice_screening", "slice_tables", "slice_tests", "__init__"),
}
"""Modules of monitoring/stats without a formula of their own, or parts of the search of slices."""


@pytest.mark.parametrize(("file", "names"), PLACES)
def test_the_code_has_the_formula(file: str, names: str) -> None:
    tree = ast.parse((TOP / file).read_text(encoding="utf-8"))
    defined = {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.ClassDef)}
    assert set(re.findall(r"`(\w+)`", names)) <= defined


def test_every_module_with_formulas_is_on_the_page() -> None:
    modules = {file.stem for file in (TOP / "monitoring" / "stats").glob("*.py")}
    named = {Path(file).stem for file, _ in PLACES}
    assert modules - ELSEWHERE - named == set()
