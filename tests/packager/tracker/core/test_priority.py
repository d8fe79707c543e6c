from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from issue_samples import NOW

from packager.tracker.core.finding import Finding, Severity
from packager.tracker.core.issue import observation_of, worst
from packager.tracker.core.priority import (
    MIN_PRIORITIES,
    SEVERITIES,
    TIMES,
    Rank,
    explanation,
    formatted,
    moved_band,
    rounded,
)

share = st.floats(0, 1, allow_nan=False)
severity = st.sampled_from(sorted(SEVERITIES))


@given(severity=severity, share=share, certainty=share, shift=st.sampled_from([-1, 0, 1]))
def test_the_numbers_of_the_sentence_give_its_priority_and_band(
    severity: Severity, share: float, certainty: float, shift: int
) -> None:
    """As a reader would compute them from the text alone."""
    rank = Rank(severity, share, certainty)
    text = explanation(rank, "evidence", shift)
    numbers = [float(one) for one in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)", text)[:5]]
    assert "e-" not in text
    assert text.count(TIMES) == 3
    hundred, weight, part, sure, product = numbers
    assert (hundred, weight) == (100, SEVERITIES[severity])
    assert rounded(hundred * weight * part * sure) == product
    assert 0 <= rank.priority <= 100
    bands = [band for band, least in MIN_PRIORITIES.items() if product >= least]
    found = 1 if severity == "page" else min(bands, default=4)
    assert f": P{found}" in text
    assert rank.band == found
    assert ("because it pages" in text) == (severity == "page")
    assert (f"to P{moved_band(found, shift)}" in text) == bool(shift)


@pytest.mark.parametrize(
    ("severity", "share", "certainty", "priority", "band"),
    [
        ("page", 0.04, 1, 4, 1),  # RequestsFailed, 4 % 5xx
        ("ticket", 0.5, 1, 30, 1),  # TargetDown, 1 of 2
        ("ticket", 0.18, 0.999, 10.8, 2),  # SliceRegression color=E, q = .001
        ("ticket", 0.22, 0.7, 9.2, 2),  # FeatureDrift carat
        ("info", 0.03, 0.5, 0.3, 4),  # EstimatedAccuracyDrop clarity=IF
        ("ticket", 12 / 10_708, 0.8, 0.05, 4),  # 12 conflicting labels
    ],
)
def test_the_worked_example(
    severity: Severity, share: float, certainty: float, priority: float, band: int
) -> None:
    """Of the research: bands of six findings about diamonds."""
    rank = Rank(severity, share, certainty)
    assert rank.priority == pytest.approx(priority, rel=0.1)
    assert rank.band == band


def test_the_band_is_that_of_the_number_that_is_shown() -> None:
    """29.997 is shown as 30, which is the least priority of band 1."""
    assert "= 30: P1" in explanation(Rank("ticket", 0.5, 0.9999), "")
    assert "= 0: P4" in explanation(Rank("ticket", 1e-13, 1), "")


def test_the_sentence() -> None:
    rank = Rank("ticket", 0.18, 0.999)
    assert explanation(rank, "71 of 390 rows.", -1) == (
        f"100 {TIMES} 0.6 (ticket) {TIMES} 0.18 (share) {TIMES} 0.999 (certainty) = 10.79: P2,"
        " moved one band up to P1. 71 of 390 rows."
    )
    assert explanation(Rank("page", 0.04, 1), "") == (
        f"100 {TIMES} 1 (page) {TIMES} 0.04 (share) {TIMES} 1 (certainty) = 4: P1,"
        " because it pages."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1"),
        (0.00112, "0.00112"),
        (1e-7, "0.0000001"),
        (12.34567, "12.35"),
        (100, "100"),
    ],
)
def test_numbers_have_four_digits_and_no_power_of_ten(value: float, text: str) -> None:
    assert formatted(value) == text


@given(st.lists(st.tuples(severity, share, share), min_size=1, max_size=6))
def test_an_issue_has_the_numbers_of_its_worst_observation(
    ranks: list[tuple[Severity, float, float]],
) -> None:
    seen = [
        observation_of(
            Finding(package="p", kind="k", source="s", starts_at=NOW, severity=one[0],
                    share=one[1], certainty=one[2])
        )
        for one in ranks
    ]  # fmt: skip
    found = worst(seen, seen[0]).rank
    assert found.band == min(one.rank.band for one in seen)
    same = [one.rank.priority for one in seen if one.rank.band == found.band]
    assert found.priority == max(same)
    assert worst([], seen[0]) is seen[0]
