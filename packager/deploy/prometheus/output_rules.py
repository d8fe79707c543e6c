"""Recorded series and the alert of a package with ``[outputs]``: its measures, output by output.

A measure is a mean over labels: the ratio of two counters. Those with a baseline are tested against
it: shares (accuracy, Jaccard index, F1 of words) as the accuracy of a classifier, whose variance
bounds that of any value from 0 to 1; errors with the sum of their squares.
"""

from __future__ import annotations

from monitoring.scoring.outputs import ERRORS
from packager.deploy.prometheus import promql
from packager.deploy.prometheus.promql import SLICE, Scope
from packager.deploy.prometheus.rules import Alert, Record

OUTPUT = "model, version, output, measure, slice"
_ERRORS = "|".join(sorted(ERRORS))
_PLACE = "output_measure_slice:model_output"
LABELS = f"{_PLACE}_measured:increase7d"
TOTAL = f"{_PLACE}_measure:increase7d"
SQUARED = f"{_PLACE}_measure_squared:increase7d"
BASELINE = f"{_PLACE}_baseline:max"
BASELINE_ROWS = f"{_PLACE}_baseline_rows:max"
SCORE = f"{_PLACE}_measure:ratio7d"
SCORE_Z = f"{_PLACE}_measure:zscore7d"


def records(scope: Scope, slice_rows: str) -> list[Record]:
    """The mean of each measure, and its z against the baseline.

    ``slice_rows``: the recorded held-out rows of each slice.
    """
    shares, errors = _split(scope)
    labels, squared = scope.series(LABELS), scope.series(SQUARED)
    rows = f"on ({SLICE}) group_left () {scope.series(slice_rows)}"
    share_z = promql.share_z(shares, labels, BASELINE, BASELINE_ROWS)
    error_z = promql.mae_z(errors, squared, labels, BASELINE, BASELINE_ROWS)
    return [
        Record(LABELS, scope.increase(OUTPUT, "model_output_measured_total", "7d")),
        Record(TOTAL, scope.increase(OUTPUT, "model_output_measure_total", "7d")),
        Record(SQUARED, scope.increase(OUTPUT, "model_output_measure_squared_total", "7d")),
        Record(BASELINE, scope.highest(OUTPUT, "model_output_baseline")),
        Record(BASELINE_ROWS, f"0 * {scope.series(BASELINE)} + {rows}"),
        Record(SCORE, f"{scope.series(TOTAL)} / ({labels} > 0)"),
        Record(SCORE_Z, f"({share_z}) or ({error_z})"),
    ]


def regression_alert(scope: Scope) -> Alert:
    """A measure of an output is worse in a slice than on held-out rows."""
    shares, errors = _split(scope)
    labels = scope.series(LABELS)
    worse = promql.accuracy_regressed(shares, labels, scope.series(BASELINE), SCORE_Z)
    grown = promql.mae_regressed(errors, labels, BASELINE, SCORE_Z)
    return Alert(
        "OutputRegression",
        f"({worse}) or ({grown})",
        "0m",
        "ticket",
        2,
        "{{ $labels.output }} of {{ $labels.model }} {{ $labels.version }} is worse"
        " ({{ $labels.measure }}) in slice {{ $labels.slice }} than at build",
        "Find when it began and which other outputs and slices are affected. Check label coverage;"
        " retrain on recent rows.",
    )


def _split(scope: Scope) -> tuple[str, str]:
    """The sums of shares, and those of errors."""
    return (
        scope.series(TOTAL, f'measure!~"{_ERRORS}"'),
        scope.series(TOTAL, f'measure=~"{_ERRORS}"'),
    )
