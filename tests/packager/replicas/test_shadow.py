"""``package drift --shadow``: sums over replicas, three verdicts, and how often they are wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest
from metrics_servers import ANY, answering, line

from monitoring.stats.sequential import ConfidenceSequence
from packager.errors import PackageError
from packager.replicas.counters import CounterTotals, scrape_replicas
from packager.replicas.shadow import (
    CHALLENGER,
    DESIGN_EFFECT,
    ERROR_DIFFERENCE,
    ERROR_SQUARED,
    PAIRED_LABELS,
    PAIRS,
    ROWS,
    SHADOW_NAMES,
    UNPAIRED,
    ShadowReport,
    shadow_report,
)

EVERY = "__all__"
Table = tuple[float, float, float, float]
"""Labels: both correct, champion alone, challenger alone, none."""
CELLS = (("correct", "correct"), ("correct", "wrong"), ("wrong", "correct"), ("wrong", "wrong"))


def counters(
    slices: Mapping[str, Table], *challengers: str, failed: float = 0.0, effect: float = 1.0
) -> CounterTotals:
    pairs = {
        (name, *cell): count
        for name, table in slices.items()
        for cell, count in zip(CELLS, table, strict=True)
    }
    rows = {("same",): 1_000.0, ("failed",): failed, ("dropped",): 5_000.0}
    named = {(one,): 1.0 for one in challengers or ("2-b",)}
    values = {ROWS: rows, PAIRS: pairs, CHALLENGER: named, DESIGN_EFFECT: {(): effect}}
    return CounterTotals("m", "1-a", "here", values)


def judged(totals: CounterTotals, horizon: float = 2_000.0) -> ShadowReport:
    return shadow_report(totals, 1.0, horizon)


def test_replicas_add_up_and_versions_are_all_named() -> None:
    def exposed(challenger: str, lost: int) -> str:
        lines = [line("model_package_info", 1, digest="d")]
        lines += [line(ROWS, 100, outcome="same"), line(UNPAIRED, 3)]
        lines += [
            line(PAIRS, count, slice=EVERY, champion=ours, challenger=theirs)
            for (ours, theirs), count in zip(CELLS, (70, lost, 10, 5), strict=True)
        ]
        return "\n".join([*lines, line(CHALLENGER, 1, challenger=challenger)]) + "\n"

    with answering(exposed("2-b", 5), exposed("3-c", 15)) as urls:
        found = judged(scrape_replicas(urls, ANY, None, SHADOW_NAMES))
    (every,) = found.slices
    assert (every.pairs, every.champion, every.challenger) == (190, 160 / 190, 160 / 190)
    assert found.rows["same"] == 200
    assert found.unpaired == 6
    assert found.challengers == ("2-b", "3-c")
    assert (found.verdict, found.why) == (
        "undecided",
        "2 versions answered as challenger: 2-b, 3-c",
    )


@pytest.mark.parametrize(
    ("table", "verdict"),
    [
        ((800.0, 20.0, 120.0, 60.0), "challenger better"),
        ((800.0, 120.0, 20.0, 60.0), "challenger worse"),
        ((800.0, 70.0, 70.0, 60.0), "undecided"),
        ((0.0, 0.0, 500.0, 0.0), "challenger better"),
    ],
)
def test_verdicts(table: Table, verdict: str) -> None:
    found = judged(counters({EVERY: table}))
    assert found.verdict == verdict
    assert (found.why == "the interval contains 0") == (verdict == "undecided")


def test_the_interval_is_the_confidence_sequence_of_independent_labels() -> None:
    (every,) = judged(counters({EVERY: (800.0, 20.0, 120.0, 60.0)}, effect=4.0), 500.0).slices
    low, high = ConfidenceSequence(0.95, 500.0).interval(100 / 4, 140 / 4, 1_000 / 4)
    assert (every.low, every.high) == pytest.approx((low, high))
    assert every.difference == pytest.approx(0.1)


def test_slices_share_the_error_and_do_not_change_the_verdict() -> None:
    table = 80.0, 10.0, 10.0, 0.0
    found = judged(counters({EVERY: table, "a": table, "b": table}))
    every, one, _ = found.slices
    assert every.name == EVERY
    assert one.high - one.low > every.high - every.low


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (
            (0.0, 0.0, 0.0, 0.0),
            "no label of a row that both answered has come; of 6,000 sampled rows 0 failed and "
            "5,000 were dropped",
        ),
        ((9.0, 0.0, 9.0, 0.0), "fewer than 20 independent labels, or no row differs"),
        ((900.0, 0.0, 0.0, 90.0), "fewer than 20 independent labels, or no row differs"),
    ],
)
def test_too_little_is_undecided(table: Table, why: str) -> None:
    found = judged(counters({EVERY: table}))
    assert (found.verdict, found.why) == ("undecided", why)


def test_rows_without_an_answer_forbid_better_and_not_worse() -> None:
    better, worse = (800.0, 20.0, 120.0, 60.0), (800.0, 120.0, 20.0, 60.0)
    found = judged(counters({EVERY: better}, failed=50))
    assert found.verdict == "undecided"
    assert found.why == (
        "the challenger failed on 4.8% of the rows that it was sent, which may be hard ones; of "
        "6,050 sampled rows 50 failed and 5,000 were dropped"
    )
    assert judged(counters({EVERY: better}, failed=10)).verdict == "challenger better"
    assert judged(counters({EVERY: worse}, failed=50)).verdict == "challenger worse"


def test_errors_of_a_regression() -> None:
    values = {
        ROWS: {("other",): 500.0},
        PAIRED_LABELS: {(EVERY,): 500.0},
        ERROR_DIFFERENCE: {(EVERY, "challenger_better"): 400.0, (EVERY, "challenger_worse"): 50.0},
        ERROR_SQUARED: {(EVERY,): 900.0},
    }
    found = judged(CounterTotals("m", "1-a", "here", values))
    (every,) = found.slices
    assert found.regression
    assert found.verdict == "challenger better"
    assert every.difference == pytest.approx(0.7)
    assert every.champion is every.challenger is None
    low, high = ConfidenceSequence().interval(350, 900, 500)
    assert (every.low, every.high) == pytest.approx((low, high))


def test_a_server_without_a_shadow_is_an_error() -> None:
    with pytest.raises(PackageError, match="expected the counters of a shadow, got none") as error:
        judged(CounterTotals("m", "1-a", "here", {}))
    assert "MODEL_SHADOW" in str(error.value.hint)


def test_plain_data_has_no_infinity() -> None:
    document = judged(counters({EVERY: (1.0, 0.0, 0.0, 0.0)})).as_json()
    assert json.loads(json.dumps(document, allow_nan=False))["slices"][0]["low"] is None
    assert document["verdict"] == "undecided"


def called(gained: float, lost: float, seed: int, runs: int = 200) -> dict[str, int]:
    """Verdicts at the first of 40 looks, up to 20,000 labels, that makes a call."""
    draw = np.random.default_rng(seed)
    found = {"challenger better": 0, "challenger worse": 0}
    for _ in range(runs):
        chances = draw.random(20_000)
        up, down = (chances < gained).cumsum(), (chances > 1 - lost).cumsum()
        for rows in range(500, 20_001, 500):
            won, fell = float(up[rows - 1]), float(down[rows - 1])
            verdict = judged(counters({EVERY: (rows - won - fell, fell, won, 0.0)})).verdict
            if verdict in found:
                found[verdict] += 1
                break
    return found


@pytest.mark.slow
def test_40_looks_call_no_difference_in_at_most_5_of_100_comparisons() -> None:
    assert sum(called(0.03, 0.03, seed=0).values()) <= 10


@pytest.mark.slow
@pytest.mark.parametrize("points", [1, 2])
def test_a_challenger_that_is_better_by_a_point_or_two_is_recognised(points: int) -> None:
    found = called(0.03 + points / 100, 0.03, seed=points, runs=100)
    assert found["challenger better"] >= 95
    assert found["challenger worse"] == 0
