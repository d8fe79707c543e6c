"""The drawing of each form of plot."""

from __future__ import annotations

from packager.tracker.core.plot import BinsPlot, HistogramPlot, Plot
from packager.tracker.service.pages.plots.bins import draw_bins
from packager.tracker.service.pages.plots.drawing import Drawing
from packager.tracker.service.pages.plots.histogram import draw_histogram
from packager.tracker.service.pages.plots.series import draw_series


def draw(plot: Plot) -> Drawing:
    """A plot as SVG, with its table."""
    if isinstance(plot, BinsPlot):
        return draw_bins(plot)
    return draw_histogram(plot) if isinstance(plot, HistogramPlot) else draw_series(plot)
