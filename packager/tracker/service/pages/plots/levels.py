"""A ladder of levels: which of them was reached, and which is required."""

from __future__ import annotations

from markupsafe import Markup

from packager.tracker.core.plot import LevelsPlot
from packager.tracker.service.pages.plots.drawing import Drawing, row


def draw_levels(plot: LevelsPlot) -> Drawing:
    """A row for each level: the required one is marked, reached ones are filled."""
    rows, cells = [], []
    for index, name in enumerate(plot.levels):
        reached = plot.reached is not None and index >= plot.reached
        needed = index >= plot.required
        state = "reached" if reached else "not reached"
        note = ", required" if index == plot.required else ""
        kind = "reached" if reached else "missed" if needed else "beyond"
        bar = Markup(
            '<svg class="wide" width="100%" height="16" role="img" aria-label="{}">'
            '<rect class="{}" x="0" y="2" width="100%" height="12" rx="1.5"/></svg>'
        ).format(f"{state}{note}", kind)
        rows.append(row(name, bar, f"{state}{note}", subject=index == plot.required))
        cells.append((name, state, "yes" if needed else "no"))
    return Drawing(
        html=Markup('<div class="bins steps">{}</div>').format(Markup("").join(rows)),
        caption="The strongest level is first; what reaches a level reaches all below it.",
        legend=[],
        heads=["level", "replay", "required"],
        rows=cells,
    )
