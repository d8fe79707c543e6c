"""Recorded series and the alert of a package with ``[outputs]``: its measures, output by output.

A measure is a mean over labels: the ratio of two counters. Those with a baseline are tested against
it: shares (accuracy, Jaccard index, F1 of words) as the accuracy of a classifier, whose variance
bounds that of any value from 0 to 1; errors with the sum of their squares. The baseline has the
variance that the package states.
"""

from __future__ import annotations

from monitoring.scoring.outputs import ERRORS
from packager.deploy.prometheus import promql
from packager.deploy.prometheus.promql import Scope
from packager.deploy.prometheus.rules import Alert, Record

OUTPUT = "model, version, output, measure, slice"
_ERRORS = "|".join(sorted(ERRORS))
_PLACE = "output_measure_slice:model_output"
LABELS = f"{_PLACE}_measured:increase7d"
TOTAL = f"{_PLACE}_measure:increase7d"
SQUARED = f"{_PLACE}_measure_squared:increase7d"
BASELINE = f"{_PLACE}_baseline:max"
BASELINE_ROWS = f"{_PLACE}_baseline_effective_rows:max"
BASELINE_VARIANCE = f"{_PLACE}_baseline_error_variance:max"
EFFECTIVE = f"{_PLACE}_effective:increase7d"
VARIANCE = f"{_PLACE}_measure:variance7d"
SCORE = f"{_PLACE}_measure:ratio7d"
SCORE_Z = f"{_PLACE}_measure:zscore7d"


def records(scope: Scope, design_effect: str) -> list[Record]:
    """The mean of each measure, and its z against the baseline.

    ``design_effect``: the recorded one of each version.
    """
    shares, errors = _split(scope)
    labels, rows = scope.series(LABELS), scope.series(EFFECTIVE)
    variance = promql.variance(scope.series(TOTAL), SQUARED, LABELS)
    share_z = promql.share_z(shares, rows, BASELINE, BASELINE_ROWS)
    baseline = promql.BaselineSeries(BASELINE, BASELINE_VARIANCE, BASELINE_ROWS)
    error_z = promql.mean_z(errors, VARIANCE, rows, baseline)
    return [
        Record(LABELS, scope.increase(OUTPUT, "model_output_measured_total", "7d")),
        Record(TOTAL, scope.increase(OUTPUT, "model_output_measure_total", "7d")),
        Record(SQUARED, scope.increase(OUTPUT, "model_output_measure_squared_total", "7d")),
        Record(EFFECTIVE, promql.independent(labels, design_effect)),
        Record(VARIANCE, variance),
        Record(BASELINE, scope.highest(OUTPUT, "model_output_baseline")),
        Record(BASELINE_ROWS, scope.highest(OUTPUT, "model_output_baseline_effective_rows")),
        Record(BASELINE_VARIANCE, scope.highest(OUTPUT, "model_output_baseline_error_variance")),
        Record(SCORE, f"{scope.series(TOTAL)} / ({labels} > 0)"),
        Record(SCORE_Z, f"({share_z}) or ({error_z})"),
    ]


def regression_alert(scope: Scope) -> Alert:
    """A measure of an output is worse in a slice than on held-out rows."""
    shares, errors = _split(scope)
    rows = scope.series(EFFECTIVE)
    worse = promql.accuracy_regressed(shares, rows, scope.series(BASELINE), SCORE_Z)
    grown = promql.mean_regressed(errors, rows, BASELINE, SCORE_Z)
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


def worse_z(selector: str) -> str:
    """The z of the measures of ``selector`` (``{…}``), large if they are worse than packaged."""
    inner = selector[1:-1]
    errors = f'{SCORE_Z}{{{inner}, measure=~"{_ERRORS}"}}'
    shares = f'{SCORE_Z}{{{inner}, measure!~"{_ERRORS}"}}'
    return f"({errors} or -1 * {shares})"


def _split(scope: Scope) -> tuple[str, str]:
    """The means of shares, and those of errors."""
    return (
        scope.series(SCORE, f'measure!~"{_ERRORS}"'),
        scope.series(SCORE, f'measure=~"{_ERRORS}"'),
    )
