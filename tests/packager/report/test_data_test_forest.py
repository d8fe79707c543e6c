"""The forest plot of a test on new data."""

from __future__ import annotations

import re

import pytest
import tested_packages as made

from packager.report.data_test_forest import (
    MAX_OPEN,
    MAX_ROWS,
    forest,
    forests,
    is_unclear,
    label,
    threshold,
)
from packager.worker.test import report as reports


def numbers(text: str, kind: str, attribute: str) -> list[float]:
    """An attribute, in percent, of every shape of a class."""
    return [float(v) for v in re.findall(rf'class="{kind}"[^>]* {attribute}="([\d.]+)%"', text)]


def test_packaged_now_interval_and_limit_lie_in_this_order() -> None:
    one = made.failed(baseline=0.9, now=0.8, difference=-0.1, interval=(-0.12, -0.08), limit=0.02)
    text = forest("accuracy", [one])
    [packaged], [now] = numbers(text, "packaged", "x1"), numbers(text, "now", "cx")
    [low], [high] = numbers(text, "interval", "x1"), numbers(text, "interval", "x2")
    [edge] = numbers(text, "beyond", "width")
    assert low < now < high < edge < packaged
    assert numbers(text, "beyond", "x") == [0.0]
    assert now - low == pytest.approx(high - now, abs=0.02)


def test_of_an_error_the_shaded_side_is_the_upper_one() -> None:
    one = made.check("mae", baseline=1.0, now=1.2, difference=0.2, worse=1, limit=0.1,
                     interval=(0.1, 0.3))  # fmt: skip
    text = forest("mae", [one])
    [left], [width] = numbers(text, "beyond", "x"), numbers(text, "beyond", "width")
    assert left + width == pytest.approx(100)
    assert numbers(text, "packaged", "x1")[0] < left < numbers(text, "now", "cx")[0]


def test_a_check_that_could_not_see_its_limit_is_gray() -> None:
    assert is_unclear(made.unclear())
    assert is_unclear(made.check(visible_from=0.05, limit=0.02))
    assert not is_unclear(made.check(visible_from=0.01, limit=0.02))
    assert not is_unclear(made.failed(visible_from=0.05, limit=0.02))
    text = forest("accuracy", [made.unclear(visible_from=0.06)])
    assert 'class="forest-row unclear"' in text
    assert "a change of 0.06 would have been found" in text


def test_each_metric_has_its_forest_and_all_checks_one_table() -> None:
    checks = [
        made.check("accuracy color=E"),
        made.check("log_loss", metric="log_loss"),
        made.failed(headline=True),
    ]
    text = forests(checks, "quality")
    assert re.findall(r"<h3>(\w+)</h3>", text) == ["accuracy", "log_loss"]
    assert re.findall(r'class="name">([^<]+)', text) == ["all rows", "color=E", "all rows"]
    assert text.count("<details>") == 1
    assert text.count("<tr>") == 1 + len(checks)


def test_many_slices_are_folded() -> None:
    checks = [made.check(f"accuracy color={place}") for place in range(MAX_ROWS + 100)]
    text = forest("accuracy", checks)
    assert text.count("forest-row") == MAX_ROWS
    assert text.partition("<details>")[0].count("forest-row") == MAX_OPEN
    assert f"{MAX_ROWS - MAX_OPEN} more of {MAX_ROWS + 100}" in text


def test_a_wide_interval_of_a_tiny_slice_does_not_hide_the_others() -> None:
    tiny = made.unclear("accuracy color=F", interval=(-50.0, 50.0))
    text = forest("accuracy", [made.failed(), tiny])
    packaged, now = numbers(text, "packaged", "x1")[0], numbers(text, "now", "cx")[0]
    assert packaged - now > 15


def test_a_difference_of_an_index_has_its_limit_at_the_limit() -> None:
    assert threshold(made.drifted("age")) == pytest.approx(0.05)
    assert threshold(made.check(limit=None)) is None


@pytest.mark.parametrize(
    ("check", "shown"),
    [
        (made.check("accuracy"), "all rows"),
        (made.check("accuracy color=E"), "color=E"),
        (made.check("accuracy floor"), "floor"),
        (made.drifted("age"), "age"),
    ],
)
def test_a_row_is_labelled_without_its_metric(check: reports.Check, shown: str) -> None:
    assert label(check) == shown


def test_exact_checks_are_in_the_table_only() -> None:
    text = forests([made.check(now=None, difference=None, interval=None)], "schema")
    assert "<svg" not in text
    assert text.count("<tr>") == 2
    assert forests([], "quality") == ""
