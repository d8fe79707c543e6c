"""Drift on the page of a test on new data: the bins of the features that moved most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packager.report.data_test_forest import Wording, forests, state
from packager.report.data_test_plot import Scale, data_table, drawing, figure, words
from packager.report.numbers import count, digits, percent
from packager.testing.ordered import excess, worst_first
from packager.worker.test.details import DriftDetails
from packager.worker.test.report import Check, FamilyReport

MAX_FEATURES = 5
MAX_BINS = 25
"""Bins drawn of a feature; the table has all."""
HEIGHT = 16
INDEX = Wording("expected", "the index expected without drift")
KEY = "Upper bar: share of the packaged rows; lower bar: share of the new rows."


def drift_plots(family: FamilyReport) -> str:
    """The population stability index of each feature, and the bins of the worst."""
    index = forests(family.checks, "drift", INDEX)
    worst = sorted(worst_first(family.checks), key=lambda one: -excess(one))[:MAX_FEATURES]
    cards = "".join(_card(check) for check in worst)
    bins = figure(KEY, f'<div class="cards">{cards}</div>') if cards else ""
    return index + bins + data_table("bins of these features", _HEADS, _rows(worst))


_HEADS = ("feature", "bin", "packaged rows", "packaged share", "new rows", "new share")


def _card(check: Check) -> str:
    details = DriftDetails.of(check.details)
    if details is None:
        return ""
    before, now = _shares(details.reference), _shares(details.counts)
    scale = Scale(0.0, max([*before, *now, 1e-9]))
    bars = "".join(
        _bin(name, one, other, scale)
        for name, one, other in list(zip(details.bins, before, now, strict=True))[:MAX_BINS]
    )
    left_out = len(details.bins) - MAX_BINS
    more = f'<p class="note">{left_out} more bins are in the table.</p>' if left_out > 0 else ""
    return (
        f'<article class="{state(check)}"><h3>{words(check.name)} '
        f"<small>PSI {digits(check.now)}, {digits(check.baseline)} expected without drift, "
        f"{digits(check.limit)} allowed</small></h3>{bars}{more}</article>"
    )


def _bin(name: str, before: float, now: float, scale: Scale) -> str:
    label = f"{name}: {percent(before)} of the packaged rows, {percent(now)} of the new rows"
    bars = (
        f'<rect class="before" x="0" y="1" width="{scale.at(before):.2f}%" height="6"/>'
        f'<rect class="after" x="0" y="8" width="{scale.at(now):.2f}%" height="6"/>'
    )
    return (
        f'<div class="bin"><span class="name">{words(name, 40)}</span>'
        f'{drawing(label, bars, HEIGHT)}<span class="values">{percent(now)}</span></div>'
    )


def _rows(checks: Sequence[Check]) -> Iterator[tuple[str | float, ...]]:
    for check in checks:
        details = DriftDetails.of(check.details)
        if details is None:
            continue
        before, now = _shares(details.reference), _shares(details.counts)
        columns = zip(details.bins, details.reference, before, details.counts, now, strict=True)
        for name, one, share, other, new in columns:
            yield check.name, name, count(one), percent(share), count(other), percent(new)


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]
