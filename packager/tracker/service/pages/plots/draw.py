"""The drawing of each form of plot."""

from __future__ import annotations

from packager.tracker.core.plot import BinsPlot, CountsPlot, IntervalsPlot, Plot, SeriesPlot
from packager.tracker.service.pages.plots.bins import draw_bins
from packager.tracker.service.pages.plots.counts import draw_counts
from packager.tracker.service.pages.plots.drawing import Drawing
from packager.tracker.service.pages.plots.intervals import draw_intervals
from packager.tracker.service.pages.plots.levels import draw_levels
from packager.tracker.service.pages.plots.series import draw_series


def draw(plot: Plot) -> Drawing:
    """A plot as SVG, with its table."""
    match plot:
        case BinsPlot():
            return draw_bins(plot)
        case SeriesPlot():
            return draw_series(plot)
        case IntervalsPlot():
            return draw_intervals(plot)
        case CountsPlot():
            return draw_counts(plot)
        case _:
            return draw_levels(plot)
