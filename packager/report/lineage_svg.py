"""Draws the lineage graph as SVG, from left to right, starting with tables without parents."""

from __future__ import annotations

from itertools import pairwise

from packager.report.lineage_layout import Box, Edge, layout
from packager.tables.lineage import LineageTable, by_name
from packager.text import escape_markup, visible

_LETTER = 7.8, 6.6
"""Width of a letter of the name and of the step, in pixels; an upper bound, as fonts differ."""
_NAME, _STEP = 36, 42
"""Maximal number of letters of the name and of the step; the box's tooltip has the whole text."""
STYLE = """
svg.lineage { color-scheme: light dark; --ink: #1c2024; --soft: #59636e; --paper: #fbfbfa;
  --card: #fff; --edge: #87919d; --warn: #b54708; font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg.lineage { --ink: #e6e8eb; --soft: #a0a8b2;
  --paper: #15181c; --card: #1d2126; --edge: #77818d; --warn: #f7a14a; } }
svg.lineage .paper { fill: var(--paper); }
svg.lineage .box { fill: var(--card); stroke: var(--soft); stroke-width: 1.5; }
svg.lineage .stale .box { stroke: var(--warn); stroke-dasharray: 5 3; }
svg.lineage text { fill: var(--ink); }
svg.lineage .stale text.name { fill: var(--warn); }
svg.lineage text.small { fill: var(--soft); font-size: 11px; }
svg.lineage text.taken { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
svg.lineage .edge { fill: none; stroke: var(--edge); stroke-width: 1.5; }
svg.lineage marker path { fill: var(--edge); }
"""


def lineage_svg(nodes: dict[str, LineageTable]) -> str:
    """The graph as SVG; stale tables are dashed, and arrows show the parent's version used."""
    ordered = {node.location.uri: node for node in by_name(nodes.values())}
    graph = layout(
        {uri: node.parents for uri, node in ordered.items()},
        {uri: _width(node) for uri, node in ordered.items()},
    )
    size = f'width="{graph.width}" height="{graph.height}"'
    names = ", ".join(_label(node) for node in ordered.values())
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="lineage" {size} role="img" '
            f'viewBox="0 0 {graph.width} {graph.height}" aria-label="{escape_markup(names)}">',
            f"<style>{STYLE}</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z"/></marker></defs>',
            f'<rect class="paper" {size}/>',
            *(_arrow(edge, nodes) for edge in graph.edges),
            *(_box(ordered[uri], box) for uri, box in graph.boxes.items()),
            "</svg>\n",
        ]
    )


def _parent_versions(node: LineageTable, parent: str) -> str:
    """The versions of a parent from which a table was derived, such as ``@2``."""
    derived = node.version.derived if node.version else None
    if derived is None:
        return ""
    indices = [index for index, uri in enumerate(node.parents) if uri == parent]
    return " ".join(f"@{derived.parents[index].version}" for index in indices)


def _label(node: LineageTable) -> str:
    name, rest = node.location.name, node.label[len(node.location.name) :]
    return _short(visible(name), _NAME - len(rest)) + rest


def _step(node: LineageTable) -> str:
    derived = node.version.derived if node.version else None
    return _short(visible(derived.step), _STEP) if derived else ""


def _short(text: str, most: int) -> str:
    """``text``, with its middle replaced by an ellipsis if longer than ``most`` characters."""
    half = most // 2
    return text if len(text) <= most else f"{text[: most - half - 1]}…{text[-half:]}"


def _width(node: LineageTable) -> int:
    return 20 + round(max(_wide(_label(node)) * _LETTER[0], _wide(_step(node)) * _LETTER[1]))


def _wide(text: str) -> int:
    """Upper bound of a text's width in Latin letters; letters of some scripts count twice."""
    return sum(1 if letter < "\u0370" else 2 for letter in text)


def _arrow(edge: Edge, nodes: dict[str, LineageTable]) -> str:
    """An edge: curves between columns, straight lines along lanes, and the version at its end."""
    (x, y), *_ = edge.points
    path = [f"M{x} {y}"]
    for index, ((x1, y1), (x2, y2)) in enumerate(pairwise(edge.points)):
        middle = (x1 + x2) // 2
        bends = index % 2 == 0
        path.append(f"C{middle} {y1} {middle} {y2} {x2} {y2}" if bends else f"L{x2} {y2}")
    x, y = edge.points[-1]
    return (
        f'<path class="edge" d="{" ".join(path)}" marker-end="url(#tip)"/>'
        f'<text class="small taken" x="{x - 10}" y="{y - 4}" text-anchor="end">'
        f"{_parent_versions(nodes[edge.child], edge.parent)}</text>"
    )


def _box(node: LineageTable, box: Box) -> str:
    kind = "stale" if node.stale or node.version is None else "fresh"
    x, y = box.x + 10, box.y + box.height // 2
    step = _step(node)
    return (
        f'<g class="{kind}"><title>{escape_markup(_full_text(node))}</title>'
        f'<rect class="box" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" '
        f'rx="6"/><text class="name" x="{x}" y="{y - 4 if step else y + 5}">'
        f"{escape_markup(_label(node))}</text>"
        f'<text class="small" x="{x}" y="{y + 13}">{escape_markup(step)}</text></g>'
    )


def _full_text(node: LineageTable) -> str:
    derived = node.version.derived if node.version else None
    steps = (derived.step,) if derived else ()
    return "; ".join((node.label, *steps, *node.stale))
