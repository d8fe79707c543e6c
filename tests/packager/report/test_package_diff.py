"""What differs between two packages, for people: a section for each kind, one line a difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from compared_packages import SHOP, manifest_with, part

from packager.compare.packages import diff
from packager.data.fingerprint import fingerprint
from packager.manifest.evaluation import (
    SeedVariance,
)
from packager.report.package_diff import as_text
from packager.tables.overlap import compare_rows


def one(section: str, path: tuple[str, ...], before: Any, after: Any) -> dict[str, Any]:
    change = {"path": list(path), "how": "changed", "before": before, "after": after}
    return {section: [change]}


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (1, "1", '~ params.p  1 → "1"'),
        ("a\nb", "a", r'~ params.p  "a\nb" → "a"'),
        ([1, 2], [2, 3], "~ params.p  - 1  + 3"),
        ([1, 2], [2, 1], "~ params.p  [1, 2] → [2, 1]"),
        ([], list(range(10)), "~ params.p  + 0, 1, 2, 3, 4, 5, 6, 7, … 2 more"),
        ("a" * 64, "b" * 64, f"~ params.p  {'a' * 12} → {'b' * 12}"),
    ],
)
def test_values_read_as_json_and_lists_as_what_came_and_went(before: Any, after: Any, line: str):
    text = as_text(diff(part("recipe", params={"p": before}), part("recipe", params={"p": after})))
    assert text.splitlines()[3:5] == ["recipe", f"  {line}"]


def test_an_estimate_says_that_it_is_one():
    frame = pd.DataFrame({"x": np.arange(5000.0)})
    rows = compare_rows(fingerprint(frame), fingerprint(frame[1000:]))
    assert not rows.overlap.exact
    assert rows.overlap.sample >= 1024
    assert rows.overlap.of_after.value == 1
    assert rows.overlap.of_before.low < 0.8 < rows.overlap.of_before.high
    text = as_text(diff(replace(SHOP, fingerprint=fingerprint(frame)), SHOP))
    assert "can't be compared" in text
    shorter = replace(SHOP, fingerprint=fingerprint(frame[1000:]))
    text = as_text(diff(replace(SHOP, fingerprint=fingerprint(frame)), shorter))
    assert "of the distinct rows of A, about " in text
    assert f"(estimated from {rows.overlap.sample} row hashes, 95 % interval)" in text


def test_metrics_of_other_seeds_are_told_by_mean_and_deviation() -> None:
    one, other = (
        manifest_with(
            spread=SeedVariance(
                seeds=(1, 2), overall={"accuracy": v}, slices={"a": {"accuracy": v}}
            )
        )
        for v in ((0.5, 0.7), (0.8, 0.8))
    )
    assert "overall.accuracy   0.6000 ± 0.1414 → 0.8000 ± 0" in as_text(diff(one, other))
    none = manifest_with(spread=None)
    assert "+ overall  accuracy 0.6000 ± 0.1414" in as_text(diff(none, one))
