"""Test cases of the alerts about a shadow."""

from __future__ import annotations

from monitoring.metrics.shadow_labels import BETTER, WORSE
from monitoring.slices.slices import ALL
from packager.deploy.prometheus.rule_tests import RuleCase, TestCaseBuilder, TestSeries

MINUTES = 60
ROWS_A_MINUTE = 100


def shadow_cases(builder: TestCaseBuilder) -> list[RuleCase]:
    """Cases of every alert: firing and not firing."""
    cases = _answering(builder)
    if builder.model.task == "outputs":
        return cases
    better, worse = {"slice": ALL, "severity": "info"}, {"slice": ALL, "severity": "info"}
    gaining, losing, even = (
        _labelled(builder, gained, lost) for gained, lost in ((12, 2), (2, 12), (7, 7))
    )
    answered = _rows(builder, failed=0)
    silent = _rows(builder, failed=ROWS_A_MINUTE // 2)
    one, two = _challengers(builder, 1), _challengers(builder, 2)
    alert = "ChallengerBetter"
    cases += [
        builder.case("fires", alert, MINUTES, [*gaining, *answered, *one], better),
        builder.case("not on an even share", alert, MINUTES, [*even, *answered, *one]),
        builder.case(
            "not of two challengers together", alert, MINUTES, [*gaining, *answered, *two]
        ),
        builder.case(
            "not if rows went without an answer", alert, MINUTES, [*gaining, *silent, *one]
        ),
    ]
    alert = "ChallengerWorse"
    return [
        *cases,
        builder.case("fires", alert, MINUTES, [*losing, *answered, *one], worse),
        builder.case("not on an even share", alert, MINUTES, [*even, *answered, *one]),
    ]


def _answering(builder: TestCaseBuilder) -> list[RuleCase]:
    alert, firing = "ShadowNotAnswering", {"severity": "ticket"}
    return [
        builder.case("fires", alert, MINUTES, _rows(builder, failed=80), firing),
        builder.case("not on some failures", alert, MINUTES, _rows(builder, failed=20)),
    ]


def _rows(builder: TestCaseBuilder, *, failed: int) -> list[TestSeries]:
    counts = {"same": ROWS_A_MINUTE - failed, "failed": failed, "dropped": 0}
    return [
        builder.series("model_shadow_rows_total", f"0+{count}x{MINUTES}", outcome=outcome)
        for outcome, count in counts.items()
    ]


def _challengers(builder: TestCaseBuilder, count: int) -> list[TestSeries]:
    name = "model_shadow_challenger_info"
    return [builder.series(name, f"1x{MINUTES}", challenger=f"v{n}") for n in range(count)]


def _labelled(builder: TestCaseBuilder, gained: int, lost: int) -> list[TestSeries]:
    """Labels of 100 rows a minute, of which some are won and some lost; of errors, by 1 each."""
    n = builder.dependent
    common = [builder.series("model_label_design_effect", f"1x{MINUTES}")]
    if builder.model.classified:
        cells = {
            ("correct", "correct"): 80 * n,
            ("wrong", "correct"): gained * n,
            ("correct", "wrong"): lost * n,
            ("wrong", "wrong"): (20 - gained - lost) * n,
        }
        return common + [
            builder.series(
                "model_shadow_pairs_total",
                f"0+{count}x{MINUTES}",
                slice=ALL,
                champion=ours,
                challenger=theirs,
            )
            for (ours, theirs), count in cells.items()
        ]
    name, squared = "model_shadow_error_difference", (gained + lost) * n
    return [
        *common,
        builder.series("model_shadow_paired_labels_total", f"0+{100 * n}x{MINUTES}", slice=ALL),
        *(
            builder.series(
                f"{name}_total", f"0+{value * n}x{MINUTES}", slice=ALL, direction=direction
            )
            for value, direction in ((gained, BETTER), (lost, WORSE))
        ),
        builder.series(f"{name}_squared_total", f"0+{squared}x{MINUTES}", slice=ALL),
    ]
