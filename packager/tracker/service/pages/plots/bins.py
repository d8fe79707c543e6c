"""Shares of rows in bins, live and of the reference: two bars for each bin."""

from __future__ import annotations

from markupsafe import Markup

from packager.tracker.core.plot import BinsPlot
from packager.tracker.service.pages.formatting import percent
from packager.tracker.service.pages.plots.drawing import Drawing, row, value_text

MAX_DRAWN = 24
"""Bins that are drawn; of more, those that moved most."""


def draw_bins(plot: BinsPlot) -> Drawing:
    """Rows of two bars; the table below has all bins."""
    bins = list(zip(plot.bins, plot.reference, plot.live, strict=True))
    indices = list(range(len(bins)))
    if len(bins) > MAX_DRAWN:
        moved = sorted(indices, key=lambda i: -abs(bins[i][2] - bins[i][1]))
        indices = sorted(moved[:MAX_DRAWN])
    largest = max(max(plot.reference), max(plot.live)) or 1.0
    rows = [_row(*bins[i], largest) for i in indices]
    caption = "One pair of bars for each bin: the part of the rows in it."
    if len(bins) > MAX_DRAWN:
        caption += f" Drawn are the {MAX_DRAWN} of {len(bins)} bins that moved most."
    moved_rows = sum(abs(live - before) for _, before, live in bins) / 2
    caption += f" {percent(moved_rows)} of the rows would have to be elsewhere."
    return Drawing(
        html=Markup('<div class="bins">{}</div>').format(Markup("").join(rows)),
        caption=caption,
        legend=[("before", plot.reference_name), ("after", plot.live_name)],
        heads=["bin", plot.reference_name, plot.live_name, "change"],
        rows=[
            (name, value_text(before), value_text(live), _change(live - before))
            for name, before, live in bins
        ],
    )


def _row(name: str, before: float, live: float, largest: float) -> Markup:
    label = f"{percent(before)} before, {percent(live)} now"
    bars = Markup(
        '<svg class="wide" width="100%" height="20" role="img" aria-label="{}">'
        '<rect class="before" y="1" width="{:.2f}%" height="8" rx="1.5"/>'
        '<rect class="after" y="10" width="{:.2f}%" height="8" rx="1.5"/></svg>'
    ).format(label, 100 * before / largest, 100 * live / largest)
    return row(name, bars, f"{percent(before)} → {percent(live)}")


def _change(value: float) -> str:
    return f"{'+' if value > 0 else ''}{value_text(value)}"
