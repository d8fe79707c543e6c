"""Where the boxes and edges of a lineage picture go: in columns, no edge behind a box.

A layered drawing (Sugiyama, Tagawa & Toda 1981): a table stands a column right of its rightmost
parent; an edge over more than one column gets a lane of its own in each column between; columns
are ordered by the mean place of what they are connected to. Edges bend only between columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

BOX, LANE, GAP, PORT, MARGIN = 46, 16, 20, 17, 12
"""Heights of a box and of a lane, space between them, space of a port, and around all: pixels."""
BETWEEN = 90
"""Between two columns: room for curves and their labels, in pixels."""
SWEEPS = 6
Point = tuple[int, int]


class Slot(NamedTuple):
    """What takes place in a column: a table, or the lane of an edge (then with its ``child``)."""

    column: int
    table: str
    child: str = ""


@dataclass(frozen=True)
class Box:
    """A table's place: its top left corner and its size, in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Edge:
    """The points of an edge: from an even one to the next it bends between two columns, from an
    odd one it is straight along its lane."""

    parent: str
    child: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Layout:
    """A whole picture."""

    boxes: dict[str, Box]
    edges: tuple[Edge, ...]
    width: int
    height: int


def layout(parents: Mapping[str, Sequence[str]], widths: Mapping[str, int]) -> Layout:
    """Places for tables: URI → its parents (each a key too), and URI → width of its box.

    The graph has no circle. The result is the same for the same arguments.
    """
    depths: dict[str, int] = {}
    for uri in TopologicalSorter(
        {uri: list(above) for uri, above in parents.items()}
    ).static_order():
        depths[uri] = 1 + max((depths[parent] for parent in parents[uri]), default=-1)
    columns: list[list[Slot]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for uri in parents:
        columns[depths[uri]].append(Slot(depths[uri], uri))
    chains = [
        (
            Slot(depths[parent], parent),
            *(Slot(c, parent, child) for c in range(depths[parent] + 1, depths[child])),
            Slot(depths[child], child),
        )
        for child, above in parents.items()
        for parent in dict.fromkeys(above)
    ]
    for chain in chains:
        for slot in chain[1:-1]:
            columns[slot.column].append(slot)
    _order(columns, chains)
    return _placed(columns, chains, parents, widths)


def _order(columns: list[list[Slot]], chains: Sequence[Sequence[Slot]]) -> None:
    """Sort each column by the mean place of its neighbours, from the left and from the right."""
    before: dict[Slot, list[Slot]] = {}
    after: dict[Slot, list[Slot]] = {}
    for chain in chains:
        for one, other in pairwise(chain):
            after.setdefault(one, []).append(other)
            before.setdefault(other, []).append(one)
    places = {slot: float(i) for column in columns for i, slot in enumerate(column)}
    for sweep in range(SWEEPS):
        near, walk = (before, columns) if sweep % 2 == 0 else (after, columns[::-1])
        for column in walk:
            mean = {
                s: fmean(places[n] for n in near[s]) if s in near else places[s] for s in column
            }
            column.sort(key=mean.__getitem__)
            places |= {slot: float(i) for i, slot in enumerate(column)}


def _placed(
    columns: Sequence[Sequence[Slot]],
    chains: Sequence[Sequence[Slot]],
    parents: Mapping[str, Sequence[str]],
    widths: Mapping[str, int],
) -> Layout:
    def high(slot: Slot) -> int:
        return LANE if slot.child else max(BOX, PORT * (len(set(parents[slot.table])) + 1))

    sizes = [max(widths[slot.table] for slot in column if not slot.child) for column in columns]
    lefts = [MARGIN + sum(sizes[:i]) + BETWEEN * i for i in range(len(columns))]
    heights = [sum(map(high, column)) + GAP * (len(column) - 1) for column in columns]
    tallest = max(heights, default=0)
    tops: dict[Slot, int] = {}
    for column, height in zip(columns, heights, strict=True):
        y = MARGIN + (tallest - height) // 2
        for slot in column:
            tops[slot] = y
            y += high(slot) + GAP
    boxes = {
        slot.table: Box(lefts[slot.column], top, sizes[slot.column], high(slot))
        for slot, top in tops.items()
        if not slot.child
    }
    ports = _ports(chains, tops, boxes)
    edges = [_edge(chain, boxes, tops, lefts, sizes, ports) for chain in chains]
    width = lefts[-1] + sizes[-1] + MARGIN if columns else 0
    return Layout(boxes, tuple(edges), width, tallest + 2 * MARGIN)


def _ports(
    chains: Sequence[Sequence[Slot]], tops: Mapping[Slot, int], boxes: Mapping[str, Box]
) -> dict[tuple[Slot, Slot], int]:
    """Where the last piece of each edge ends at its child: in the order in which edges come."""
    arriving: dict[str, list[tuple[Slot, Slot]]] = {}
    for chain in chains:
        arriving.setdefault(chain[-1].table, []).append((chain[-2], chain[-1]))
    found = {}
    for uri, ends in arriving.items():
        box = boxes[uri]
        step = box.height / (len(ends) + 1)
        for i, end in enumerate(sorted(ends, key=lambda pair: tops[pair[0]]), start=1):
            found[end] = box.y + round(step * i)
    return found


def _edge(
    chain: Sequence[Slot],
    boxes: Mapping[str, Box],
    tops: Mapping[Slot, int],
    lefts: Sequence[int],
    sizes: Sequence[int],
    ports: Mapping[tuple[Slot, Slot], int],
) -> Edge:
    start, end = boxes[chain[0].table], boxes[chain[-1].table]
    points: list[Point] = [(start.x + start.width, start.y + start.height // 2)]
    for lane in chain[1:-1]:
        y = tops[lane] + LANE // 2
        points += [(lefts[lane.column], y), (lefts[lane.column] + sizes[lane.column], y)]
    points.append((end.x, ports[chain[-2], chain[-1]]))
    return Edge(chain[0].table, chain[-1].table, tuple(points))
