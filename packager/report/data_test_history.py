"""Earlier tests on the page of a test on new data: one small plot for each headline metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from packager.report.data_test_forest import label, threshold
from packager.report.data_test_plot import Scale, data_table, drawing, figure, tick, words
from packager.report.numbers import number
from packager.report.table import Cell
from packager.worker.test.report import Check, DataTestReport

MAX_RUNS = 60
"""The newest of the earlier runs that are drawn."""
MAX_PLOTS = 12
HEIGHT = 56
PAD = 8
KEY = (
    "One dot a run, oldest first, the last is this one; the line is the packaged value, the shaded "
    "side beyond what the policy allows."
)


def history_plots(report: DataTestReport, earlier: Sequence[DataTestReport]) -> str:
    """The verdicts and headline metrics of all runs; empty without an earlier run."""
    if not earlier:
        return ""
    runs = [*earlier, report][-MAX_RUNS:]
    names = [(check.family, check.name) for check in report.checks if _is_drawn(check)]
    plots = [_verdicts(runs)]
    plots += [plot for key in names[:MAX_PLOTS] if (plot := _metric(runs, key))]
    heads = ("run", "data", "package", "rows", "verdict", *(name for _, name in names[:MAX_PLOTS]))
    table = data_table("runs", heads, _rows(runs, names[:MAX_PLOTS]))
    return figure(KEY, f'<div class="multiples">{"".join(plots)}</div>') + table


def _is_drawn(check: Check) -> bool:
    return check.headline and check.now is not None and check.difference is not None


def _check_of(run: DataTestReport, key: tuple[str, str]) -> Check | None:
    return next((check for check in run.checks if (check.family, check.name) == key), None)


def _verdicts(runs: Sequence[DataTestReport]) -> str:
    step = 100 / len(runs)
    squares = "".join(
        f'<rect class="run {run.verdict}" x="{index * step:.2f}%" y="{PAD}" '
        f'width="{step * 0.86:.2f}%" height="{HEIGHT - 2 * PAD}"><title>'
        f"{run.verdict}, data {words(run.fingerprint[:12])}</title></rect>"
        for index, run in enumerate(runs)
    )
    failed = sum(run.verdict == "failed" for run in runs)
    text = f"verdicts of {len(runs)} runs, {failed} of them failed"
    return f'<div class="multiple"><h3>verdict</h3>{drawing(text, squares, HEIGHT)}</div>'


def _metric(runs: Sequence[DataTestReport], key: tuple[str, str]) -> str:
    """The values of one check over the runs; runs without it leave a gap."""
    checks = [_check_of(run, key) for run in runs]
    last = checks[-1]
    if last is None or sum(check is not None for check in checks) < 2:
        return ""
    end = threshold(last)
    values = [None if check is None else check.now for check in checks]
    scale = Scale.of([*values, last.baseline, end], 0.1)
    points = [
        None if value is None else (100 * (index + 0.5) / len(values), _y(scale, value))
        for index, value in enumerate(values)
    ]
    shapes = [_beyond(scale, end, last.worse), _line(scale, last.baseline)]
    shapes += [
        f'<line class="curve" x1="{one[0]:.2f}%" y1="{one[1]:.1f}" x2="{two[0]:.2f}%" '
        f'y2="{two[1]:.1f}"/>'
        for one, two in pairwise(points)
        if one is not None and two is not None
    ]
    shapes += [
        f'<circle class="now {check.verdict}" cx="{point[0]:.2f}%" cy="{point[1]:.1f}" r="3"/>'
        for check, point in zip(checks, points, strict=True)
        if check is not None and point is not None
    ]
    known = [value for value in values if value is not None]
    text = f"{last.name} over {len(known)} runs, from {tick(known[0])} to {tick(known[-1])}"
    title = f"{last.metric} {label(last)}".strip()
    return (
        f'<div class="multiple"><h3>{words(title, 40)} <small>{number(known[-1])}</small></h3>'
        f"{drawing(text, ''.join(shapes), HEIGHT)}</div>"
    )


def _y(scale: Scale, value: float) -> float:
    return HEIGHT - PAD - (HEIGHT - 2 * PAD) * scale.at(value) / 100


def _line(scale: Scale, value: float | None) -> str:
    if value is None:
        return ""
    y = _y(scale, value)
    return f'<line class="packaged" x1="0" y1="{y:.1f}" x2="100%" y2="{y:.1f}"/>'


def _beyond(scale: Scale, end: float | None, worse: int) -> str:
    if end is None:
        return ""
    y = _y(scale, end)
    top, tall = (0.0, y) if worse > 0 else (y, HEIGHT - y)
    return f'<rect class="beyond" x="0" y="{top:.1f}" width="100%" height="{tall:.1f}"/>'


def _rows(
    runs: Sequence[DataTestReport], keys: Sequence[tuple[str, str]]
) -> Iterator[tuple[Cell, ...]]:
    for index, run in enumerate(runs, 1):
        checks = [_check_of(run, key) for key in keys]
        values = [number(None if check is None else check.now) for check in checks]
        yield index, run.fingerprint[:12], run.root[:12], run.rows, run.verdict, *values
