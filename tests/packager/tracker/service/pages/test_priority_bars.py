from __future__ import annotations

import pytest
from tracker_pages import NOW, finding

from packager.tracker.core.issue import Issue
from packager.tracker.core.priority import TIMES
from packager.tracker.core.states import opened
from packager.tracker.service.pages.priority_bars import band_reason, factors, product, why_first


def issue(**given: object) -> Issue:
    return opened(finding(**given), NOW).issue


def test_each_factor_has_value_bar_and_meaning():
    found = factors(issue())
    assert [(one.name, one.value) for one in found] == [
        ("severity", "0.6"), ("share", "0.22"), ("certainty", "0.7"),
    ]  # fmt: skip
    assert 'width="22.0%"' in found[1].bar
    assert found[1].meaning == "22 % of the rows are elsewhere than in training"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"severity": "page"}, "P1, because it pages somebody"),
        ({"share": 1, "certainty": 1}, "P1 begins at 30"),
        ({}, "P2 is from 5 to 30"),
        ({"share": 0.02}, "P3 is from 0.5 to 5"),
        ({"share": 0.001}, "P4 is below 0.5"),
    ],
)
def test_the_band_is_explained(given: dict[str, object], said: str):
    assert band_reason(issue(**given)) == said


def test_why_it_is_first():
    assert product(issue()) == f"100 {TIMES} 0.6 {TIMES} 0.22 {TIMES} 0.7 = 9.24"
    assert why_first(issue()) == (
        "22 % of the rows are elsewhere than in training, certainty 0.7, severity ticket: "
        f"100 {TIMES} 0.6 {TIMES} 0.22 {TIMES} 0.7 = 9.24, and P2 is from 5 to 30."
    )
    moved = issue().with_changes({"shift": -1, "shift_reason": "a customer waits"})
    assert why_first(moved).endswith("Moved one band up by hand: a customer waits")
