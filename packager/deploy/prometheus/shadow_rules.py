"""Recorded series and alerts of a shadow: the verdict of ``package drift --shadow`` as PromQL.

The interval is the confidence sequence of :mod:`monitoring.stats.sequential` with its default level
and horizon: it holds at every evaluation at once. All series are empty without a shadow.
"""

from __future__ import annotations

import math

from monitoring.metrics.shadow_labels import BETTER, WORSE
from monitoring.slices.slices import ALL
from monitoring.stats.sequential import MIN_ROWS, ConfidenceSequence, widening
from packager.deploy.prometheus import promql
from packager.deploy.prometheus.promql import MODEL, SLICE, Scope
from packager.deploy.prometheus.rules import Alert, Record

WINDOW = "30d"
PAIRS = f"slice:model_shadow_pairs:increase{WINDOW}"
TOTAL = f"slice:model_shadow_difference:increase{WINDOW}"
"""Sum of the challenger's score minus champion's: of right answers, or of errors avoided."""
SQUARED = f"slice:model_shadow_difference_squared:increase{WINDOW}"
EFFECTIVE = f"slice:model_shadow_effective:increase{WINDOW}"
DIFFERENCE = f"slice:model_shadow_difference:ratio{WINDOW}"
VARIANCE = f"slice:model_shadow_difference:variance{WINDOW}"
LOW = f"slice:model_shadow_difference:lower{WINDOW}"
HIGH = f"slice:model_shadow_difference:upper{WINDOW}"
MCNEMAR = f"slice:model_shadow_difference:zscore{WINDOW}"
"""McNemar's statistic without correction, for one look at a size chosen before."""
CHALLENGERS = f"model:model_shadow_challengers:count{WINDOW}"
EVERY_ROW = f'slice="{ALL}"'
MAX_UNANSWERED_SHARE = 0.5
MAX_FAILED_SHARE = 0.01
MIN_SHADOW_ROWS = 100
_SEQUENCE = ConfidenceSequence()


def records(scope: Scope, design_effect: str, *, classified: bool) -> list[Record]:
    """The difference of challenger and champion by slice, and its interval for every look.

    ``design_effect``: the recorded one of each version.
    """
    total, rows = scope.series(TOTAL), scope.series(EFFECTIVE)
    second = f"{scope.series(SQUARED)} / ({PAIRS} > 0)"
    variance = f"({second}) - {DIFFERENCE} ^ 2"
    versions = f"last_over_time({scope.series('model_shadow_challenger_info')}[{WINDOW}])"
    named = f"{MODEL}, challenger"
    return [
        *(_of_classes(scope) if classified else _of_errors(scope)),
        Record(EFFECTIVE, promql.independent(scope.series(PAIRS), design_effect)),
        Record(DIFFERENCE, f"{total} / ({PAIRS} > 0)"),
        # Rows that all differ alike have no variance of their own.
        Record(VARIANCE, f"({variance} > 1e-9 * {SQUARED} / {PAIRS}) or ({second} > 0)"),
        Record(LOW, _bound(scope, rows, "-")),
        Record(HIGH, _bound(scope, rows, "+")),
        Record(MCNEMAR, f"{total} / sqrt({SQUARED} > 0)"),
        Record(CHALLENGERS, f"count by ({MODEL}) (group by ({named}) ({versions}))"),
    ]


def alerts(scope: Scope, *, labelled: bool) -> list[Alert]:
    """Alerts of a shadow; ``labelled``: whether labels come in pairs."""
    unlabelled = [_not_answering(scope)]
    return [*unlabelled, _better(scope), _worse(scope)] if labelled else unlabelled


def _of_classes(scope: Scope) -> list[Record]:
    name = "model_shadow_pairs_total"
    gained, lost = (
        scope.increase(SLICE, name, WINDOW, f'champion="{ours}"', f'challenger="{theirs}"')
        for ours, theirs in (("wrong", "correct"), ("correct", "wrong"))
    )
    return [
        Record(PAIRS, scope.increase(SLICE, name, WINDOW)),
        Record(TOTAL, f"{gained} - {lost}"),
        Record(SQUARED, f"{gained} + {lost}"),
    ]


def _of_errors(scope: Scope) -> list[Record]:
    name = "model_shadow_error_difference_total"
    better, worse = (
        scope.increase(SLICE, name, WINDOW, f'direction="{direction}"')
        for direction in (BETTER, WORSE)
    )
    squared = "model_shadow_error_difference_squared_total"
    return [
        Record(PAIRS, scope.increase(SLICE, "model_shadow_paired_labels_total", WINDOW)),
        Record(TOTAL, f"{better} - {worse}"),
        Record(SQUARED, scope.increase(SLICE, squared, WINDOW)),
    ]


def _bound(scope: Scope, rows: str, sign: str) -> str:
    """An end of the interval, as of ``ConfidenceSequence.half_width``."""
    alpha = 1 - _SEQUENCE.level
    mixture = _SEQUENCE.horizon / widening(alpha)
    spread = f"({rows} + {mixture!r})"
    logarithm = f"(ln({spread} / {mixture!r}) - {2 * math.log(alpha)!r})"
    half = f"sqrt({VARIANCE} * {spread} * {logarithm}) / ({rows} >= {MIN_ROWS})"
    return f"{scope.series(DIFFERENCE)} {sign} {half}"


def _not_answering(scope: Scope) -> Alert:
    name = "model_shadow_rows_total"
    sampled = scope.increase(MODEL, name, "1h")
    lost = scope.increase(MODEL, name, "1h", 'outcome=~"failed|dropped"')
    return Alert(
        "ShadowNotAnswering",
        f"{lost} / ({sampled} >= {MIN_SHADOW_ROWS}) > {MAX_UNANSWERED_SHARE}",
        "15m",
        "ticket",
        3,
        "The challenger of {{ $labels.model }} {{ $labels.version }} does not answer most rows",
        "The server's log says why: an address, a key, a schema without these inputs. Rows that"
        " are dropped need a faster challenger or a smaller MODEL_SHADOW_SHARE.",
    )


def _better(scope: Scope) -> Alert:
    name = "model_shadow_rows_total"
    failed = scope.increase(MODEL, name, WINDOW, 'outcome="failed"')
    sent = scope.increase(MODEL, name, WINDOW, 'outcome!="dropped"')
    answers = f"on ({MODEL}) ({failed} / ({sent} > 0) <= {MAX_FAILED_SHARE})"
    return Alert(
        "ChallengerBetter",
        f"{scope.series(LOW, EVERY_ROW)} > 0 and {_one_challenger()} and {answers}",
        "0m",
        "info",
        4,
        "The challenger is better than {{ $labels.model }} {{ $labels.version }}",
        "See the slices in package drift --shadow. If none is worse, deploy the challenger.",
    )


def _worse(scope: Scope) -> Alert:
    return Alert(
        "ChallengerWorse",
        f"{scope.series(HIGH, EVERY_ROW)} < 0 and {_one_challenger()}",
        "0m",
        "info",
        4,
        "The challenger is worse than {{ $labels.model }} {{ $labels.version }}",
        "Stop this shadow: more labels won't change the verdict. Its slices say where to look.",
    )


def _one_challenger() -> str:
    return f"on ({MODEL}) {CHALLENGERS} == 1"
