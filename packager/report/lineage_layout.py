"""Lays out the boxes and edges of a lineage graph in columns, with no edge behind a box.

Layered drawing (Sugiyama, Tagawa & Toda 1981): a table is one column to the right of its rightmost
parent; an edge over more than one column gets a lane in each column between; each column is sorted
by the mean place of its neighbours. Edges bend only between columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

BOX, LANE, GAP, PORT, MARGIN = 46, 16, 20, 17, 12
"""Pixels: height of a box, height of a lane, gap between them, height per port, outer margin."""
BETWEEN = 90
"""Pixels between two columns, for curves and their labels."""
SWEEPS = 6
Point = tuple[int, int]


class Slot(NamedTuple):
    """A place in a column: a table, or the lane of an edge (then with its ``child``)."""

    column: int
    table: str
    child: str = ""


@dataclass(frozen=True)
class Box:
    """Top left corner and size of a table's box, in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Edge:
    """An edge: a curve after each even point, a straight line in a lane after each odd one."""

    parent: str
    child: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class LineageLayout:
    """The boxes and edges of a whole graph, and its size in pixels."""

    boxes: dict[str, Box]
    edges: tuple[Edge, ...]
    width: int
    height: int


def layout(parents: Mapping[str, Sequence[str]], widths: Mapping[str, int]) -> LineageLayout:
    """Lay out tables, given URI → parents (each of them also a key) and URI → width of its box.

    The graph must have no cycle. Deterministic.
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
    """Sort each column by the mean place of its neighbours, alternately left and right ones."""
    before: dict[Slot, list[Slot]] = {}
    after: dict[Slot, list[Slot]] = {}
    for chain in chains:
        for one, other in pairwise(chain):
            after.setdefault(one, []).append(other)
            before.setdefault(other, []).append(one)
    indices = {slot: float(i) for column in columns for i, slot in enumerate(column)}
    for sweep in range(SWEEPS):
        near, walk = (before, columns) if sweep % 2 == 0 else (after, columns[::-1])
        for column in walk:
            mean = {
                s: fmean(indices[n] for n in near[s]) if s in near else indices[s] for s in column
            }
            column.sort(key=mean.__getitem__)
            indices |= {slot: float(i) for i, slot in enumerate(column)}


def _placed(
    columns: Sequence[Sequence[Slot]],
    chains: Sequence[Sequence[Slot]],
    parents: Mapping[str, Sequence[str]],
    widths: Mapping[str, int],
) -> LineageLayout:
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
    return LineageLayout(boxes, tuple(edges), width, tallest + 2 * MARGIN)


def _ports(
    chains: Sequence[Sequence[Slot]], tops: Mapping[Slot, int], boxes: Mapping[str, Box]
) -> dict[tuple[Slot, Slot], int]:
    """(last two slots of an edge) → y of its end at the child; ends keep the order of edges."""
    arriving: dict[str, list[tuple[Slot, Slot]]] = {}
    for chain in chains:
        arriving.setdefault(chain[-1].table, []).append((chain[-2], chain[-1]))
    ports = {}
    for uri, ends in arriving.items():
        box = boxes[uri]
        step = box.height / (len(ends) + 1)
        for i, end in enumerate(sorted(ends, key=lambda pair: tops[pair[0]]), start=1):
            ports[end] = box.y + round(step * i)
    return ports


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
