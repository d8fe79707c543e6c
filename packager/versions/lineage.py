"""What a table was made of, and what was made of it: as a graph, in text and as SVG."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

from packager.versions.derive import stale
from packager.versions.location import Location
from packager.versions.pins import pins
from packager.versions.records import Version
from packager.versions.store import Store


@dataclass(frozen=True)
class Node:
    """One table at its latest version."""

    location: Location
    version: Version | None
    """None if the table is gone."""
    parents: tuple[str, ...]
    """Their URIs."""
    stale: tuple[str, ...]
    """Why the table isn't what its step would give now."""

    @property
    def label(self) -> str:
        """``name@3``, with what is wrong about it."""
        number = "gone" if self.version is None else str(self.version.number)
        return f"{self.location.name}@{number}{'  (stale)' if self.stale else ''}"


def lineage(location: Location) -> dict[str, Node]:
    """URI → node of the table, everything above it, and everything derived from those."""
    found: dict[str, Node] = {}
    waiting = [location]
    while waiting:
        place = waiting.pop()
        if place.uri in found:
            continue
        found[place.uri] = node = _node(place)
        waiting += [Location(uri) for uri in node.parents]
        if node.version is not None:
            children = {pin.table for pin in pins(place) if pin.table is not None}
            waiting += [place.beside(child) for child in sorted(children)]
    return {uri: node for uri, node in found.items() if node.version or _named(uri, found)}


def _named(uri: str, nodes: dict[str, Node]) -> bool:
    return any(uri in node.parents for node in nodes.values())


def _node(location: Location) -> Node:
    if not Store.exists(location):
        return Node(location, None, (), ())
    version = Store.open(location).latest
    derived = version.derived if version else None
    parents = tuple(location.beside(p.table).uri for p in derived.parents) if derived else ()
    reasons = tuple(stale(location, version)) if version and derived else ()
    return Node(location, version, parents, reasons)


def lineage_text(nodes: dict[str, Node]) -> str:
    """A tree from each table without parents; a table below two parents comes twice."""
    roots = [node for node in nodes.values() if not node.parents]
    return "\n".join(line for root in _sorted(roots) for line in _tree(root, nodes, "", ""))


def _tree(node: Node, nodes: dict[str, Node], first: str, rest: str) -> Iterator[str]:
    step = f"  ← {node.version.derived.step}" if node.version and node.version.derived else ""
    yield f"{first}{node.label}{step}"
    children = _sorted(n for n in nodes.values() if node.location.uri in n.parents)
    for reason in node.stale:
        yield f"{rest}{'│  ' if children else '   '}! {reason}"
    for child in children:
        last = child is children[-1]
        yield from _tree(
            child, nodes, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  ")
        )


def _sorted(nodes: object) -> list[Node]:
    return sorted(nodes, key=lambda node: (node.location.name, node.location.uri))  # type: ignore[call-overload, no-any-return]


_WIDE, _HIGH, _GAP_X, _GAP_Y = 190, 46, 60, 24  # pixels


def lineage_svg(nodes: dict[str, Node]) -> str:
    """The graph from left to right: tables without parents first, stale ones dashed."""
    places = _places(nodes)
    width = max((x for x, _ in places.values()), default=0) + _WIDE + 20
    height = max((y for _, y in places.values()), default=0) + _HIGH + 20
    edges = [_edge(places[p], places[uri]) for uri, node in nodes.items() for p in node.parents]
    boxes = [_box(node, *places[uri]) for uri, node in nodes.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            'font-family="sans-serif" font-size="13">',
            *edges,
            *boxes,
            "</svg>\n",
        ]
    )


def _places(nodes: dict[str, Node]) -> dict[str, tuple[int, int]]:
    """Top left corner of each box: a column further right than any parent's."""
    depths: dict[str, int] = {}

    def depth(uri: str) -> int:
        if uri not in depths:
            above = nodes[uri].parents
            depths[uri] = 1 + max((depth(parent) for parent in above), default=-1)
        return depths[uri]

    rows: dict[int, int] = {}
    places = {}
    for node in _sorted(nodes.values()):
        column = depth(node.location.uri)
        row = rows.get(column, 0)
        rows[column] = row + 1
        places[node.location.uri] = (
            10 + column * (_WIDE + _GAP_X),
            10 + row * (_HIGH + _GAP_Y),
        )
    return places


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1, x2, y2 = start[0] + _WIDE, start[1] + _HIGH // 2, end[0], end[1] + _HIGH // 2
    middle = (x1 + x2) // 2
    path = f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
    return f'<path d="{path}" fill="none" stroke="#888" stroke-width="1.5"/>'


def _box(node: Node, x: int, y: int) -> str:
    step = node.version.derived.step if node.version and node.version.derived else ""
    dashed = ' stroke-dasharray="5 3"' if node.stale or node.version is None else ""
    colour = "#b35900" if node.stale or node.version is None else "#336"
    reasons = html.escape("; ".join(node.stale))
    return (
        f"<g><title>{reasons or html.escape(node.label)}</title>"
        f'<rect x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="6" fill="#fff" '
        f'stroke="{colour}" stroke-width="1.5"{dashed}/>'
        f'<text x="{x + 10}" y="{y + 19}">{html.escape(node.label[:26])}</text>'
        f'<text x="{x + 10}" y="{y + 36}" fill="#777" font-size="11">'
        f"{html.escape(step[:30])}</text></g>"
    )
