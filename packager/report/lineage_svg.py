"""The graph of tables as SVG, from left to right: tables without parents first."""

from __future__ import annotations

from packager.report.page_policy import shown, visible
from packager.tables.lineage import Node, by_name

_HIGH, _GAP_X, _GAP_Y, _EDGE = 46, 70, 24, 10  # pixels
_LETTER = 7.8, 6.6
"""Width of a letter of the name and of the step: generous, fonts differ."""
_NAME, _STEP = 36, 42
"""Most letters of them."""
_FINE, _STALE = "#336", "#b35900"


def lineage_svg(nodes: dict[str, Node]) -> str:
    """Boxes and arrows; stale tables are dashed, an arrow says which version was taken."""
    wide = max((_width(node) for node in nodes.values()), default=0)
    places = _places(nodes, wide)
    width = max((x for x, _ in places.values()), default=0) + wide + _EDGE
    height = max((y for _, y in places.values()), default=0) + _HIGH + _EDGE
    arrows = [
        _arrow(places[parent], places[uri], wide, _taken(node, place))
        for uri, node in nodes.items()
        for place, parent in enumerate(node.parents)
    ]
    boxes = [_box(node, *places[uri], wide) for uri, node in nodes.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#888"/></marker>'
            "</defs>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *arrows,
            *boxes,
            "</svg>\n",
        ]
    )


def _taken(node: Node, place: int) -> str:
    """``@2``: the version of a parent that a table was made of."""
    derived = node.version.derived if node.version else None
    return f"@{derived.parents[place].version}" if derived else ""


def _label(node: Node) -> str:
    name, rest = node.location.name, node.label[len(node.location.name) :]
    return _short(visible(name), _NAME - len(rest)) + rest


def _step(node: Node) -> str:
    derived = node.version.derived if node.version else None
    return _short(visible(derived.step), _STEP) if derived else ""


def _short(text: str, most: int) -> str:
    """``text`` without its middle, where it is too long."""
    half = most // 2
    return text if len(text) <= most else f"{text[: most - half - 1]}…{text[-half:]}"


def _width(node: Node) -> int:
    return 20 + round(max(_wide(_label(node)) * _LETTER[0], _wide(_step(node)) * _LETTER[1]))


def _wide(text: str) -> int:
    """How many letters' room a text takes at most: those of some scripts take twice as much."""
    return sum(1 if letter < "\u0370" else 2 for letter in text)


def _places(nodes: dict[str, Node], wide: int) -> dict[str, tuple[int, int]]:
    """Top left corner of each box: a column further right than any parent's."""
    depths: dict[str, int] = {}

    def depth(uri: str) -> int:
        if uri not in depths:
            above = nodes[uri].parents
            depths[uri] = 1 + max((depth(parent) for parent in above), default=-1)
        return depths[uri]

    rows: dict[int, int] = {}
    places = {}
    for node in by_name(nodes.values()):
        column = depth(node.location.uri)
        row = rows.get(column, 0)
        rows[column] = row + 1
        places[node.location.uri] = (
            _EDGE + column * (wide + _GAP_X),
            _EDGE + row * (_HIGH + _GAP_Y),
        )
    return places


def _arrow(start: tuple[int, int], end: tuple[int, int], wide: int, taken: str) -> str:
    x1, y1, x2, y2 = start[0] + wide, start[1] + _HIGH // 2, end[0], end[1] + _HIGH // 2
    middle = (x1 + x2) // 2
    path = f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
    return (
        f'<path d="{path}" fill="none" stroke="#888" stroke-width="1.5" marker-end="url(#tip)"/>'
        f'<text x="{middle}" y="{(y1 + y2) // 2 + 4}" fill="#777" font-size="11" '
        'text-anchor="middle" stroke="#fff" stroke-width="4" paint-order="stroke">'
        f"{taken}</text>"
    )


def _box(node: Node, x: int, y: int, wide: int) -> str:
    wrong = bool(node.stale) or node.version is None
    dashed = ' stroke-dasharray="5 3"' if wrong else ""
    colour = _STALE if wrong else _FINE
    return (
        f"<g><title>{shown('; '.join((node.label, *node.stale)))}</title>"
        f'<rect x="{x}" y="{y}" width="{wide}" height="{_HIGH}" rx="6" fill="#fff" '
        f'stroke="{colour}" stroke-width="1.5"{dashed}/>'
        f'<text x="{x + 10}" y="{y + 19}" fill="{colour}">{shown(_label(node))}</text>'
        f'<text x="{x + 10}" y="{y + 36}" fill="#777" font-size="11">'
        f"{shown(_step(node))}</text></g>"
    )
