"""The verdict on live rows that both versions answered."""

from __future__ import annotations

import pytest

from packager.errors import PackageError
from packager.progress import NullProgress
from packager.replicas.counters import CounterTotals
from packager.replicas.shadow import CHALLENGER, PAIRS, ROWS, shadow_report
from packager.rollout import shadow
from packager.rollout.shadow import HORIZON, judge_shadow, watch_shadow
from packager.rollout.verdict import GateCheck

RIGHT, WRONG = "correct", "wrong"


def counted(
    labels: tuple[float, float, float, float] = (0, 0, 0, 0), **rows: float
) -> CounterTotals:
    """Counters of a shadow; ``labels``: both right, champion alone, challenger alone, neither."""
    cells = ((RIGHT, RIGHT), (RIGHT, WRONG), (WRONG, RIGHT), (WRONG, WRONG))
    pairs = {("__all__", *cell): count for cell, count in zip(cells, labels, strict=True)}
    outcomes = {(name,): count for name, count in rows.items()}
    values = {ROWS: outcomes, PAIRS: pairs, CHALLENGER: {("2-b",): 1.0}}
    return CounterTotals("m", "1-a", "here", values)


def judged(totals: CounterTotals) -> GateCheck:
    return judge_shadow(shadow_report(totals, 1.0, HORIZON))


@pytest.mark.parametrize(
    ("totals", "outcome", "told"),
    [
        (counted(dropped=7), "too few", "no row of a request was sent to the new version; 7 more"),
        (counted(same=90, failed=10), "failed", "90 of 100 rows answered, 0 with another answer"),
        (counted(same=99, other=1), "too few", "no label of a row that both answered came"),
        (counted((700, 20, 200, 80), same=900, other=100), "passed", "the new version is better"),
        (counted((700, 200, 20, 80), same=900, other=100), "failed", "the new version is worse"),
        (counted((900, 25, 25, 50), same=950, other=50), "passed", "not worse by 5% of the rows"),
        (counted((15, 5, 5, 5), same=20, other=10), "too few", "undecided: the interval contains"),
        (counted((50, 0, 0, 0), same=50), "too few", "fewer than 20 independent labels, or no row"),
        (counted((90, 0, 0, 10), same=100), "passed", "not worse by 5% of the rows"),
        (counted((700, 20, 200, 80), same=1, failed=0, other=0), "passed", "better"),
    ],
)
def test_the_verdict_and_its_reason(totals: CounterTotals, outcome: str, told: str) -> None:
    found = judged(totals)
    assert (found.name, found.outcome) == ("shadow", outcome), found
    assert told in found.text


def test_a_few_rows_without_an_answer_are_allowed() -> None:
    found = judged(counted((700, 20, 200, 80), same=990, failed=10))
    assert found.outcome == "passed"
    assert found.numbers["failed"] == 10
    assert found.numbers["verdict"] == "challenger better"


def test_a_watch_ends_with_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "POLL_SECONDS", 0.001)
    looks = iter([counted(), counted(same=10), counted((700, 200, 20, 80), same=900)])
    found = watch_shadow(lambda: next(looks), 60, NullProgress())
    assert (found.outcome, next(looks, None)) == ("failed", None)


def test_the_last_look_has_to_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "POLL_SECONDS", 0.001)
    looks = []

    def away() -> CounterTotals:
        looks.append(1)
        raise PackageError("no replica answers", "look at it")

    with pytest.raises(PackageError, match="no replica answers"):
        watch_shadow(away, 0.001, NullProgress())
    assert len(looks) > 1
