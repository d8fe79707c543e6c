"""No edge of a lineage graph passes behind a box, for any graph."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.report.lineage_layout import Box, Edge, layout


@st.composite
def graphs(draw) -> dict[str, list[str]]:
    """Tables t0, t1, …, each with parents among the ones before it."""
    count = draw(st.integers(1, 12))
    graph: dict[str, list[str]] = {"t0": []}
    for i in range(1, count):
        above = st.sampled_from(sorted(graph))
        graph[f"t{i}"] = draw(st.lists(above, max_size=4, unique=True))
    return graph


def points(edge: Edge) -> list[tuple[float, float]]:
    """Points along an edge: its curves as drawn (cubic, with both handles in the middle)."""
    found: list[tuple[float, float]] = []
    for place, ((x1, y1), (x2, y2)) in enumerate(pairwise(edge.points)):
        middle = (x1 + x2) // 2
        for step in range(21):
            t = step / 20
            if place % 2:
                found.append((x1 + t * (x2 - x1), y1 + t * (y2 - y1)))
                continue
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            found.append(
                (
                    sum(w * x for w, x in zip(weights, (x1, middle, middle, x2), strict=True)),
                    sum(w * y for w, y in zip(weights, (y1, y1, y2, y2), strict=True)),
                )
            )
    return found


def inside(box: Box, point: tuple[float, float]) -> bool:
    x, y = point
    return box.x < x < box.x + box.width and box.y < y < box.y + box.height


@pytest.mark.slow
@settings(max_examples=many(150), deadline=None)
@given(graphs(), st.integers(40, 300))
def test_no_edge_is_behind_a_box_and_no_box_on_another(
    graph: dict[str, list[str]], width: int
) -> None:
    found = layout(graph, {uri: width + 7 * len(uri) for uri in graph})
    assert set(found.boxes) == set(graph)
    assert {(e.parent, e.child) for e in found.edges} == {
        (parent, child) for child, above in graph.items() for parent in above
    }
    for edge in found.edges:
        for point in points(edge):
            assert not any(inside(box, point) for box in found.boxes.values()), edge
            assert 0 <= point[0] <= found.width
            assert 0 <= point[1] <= found.height
        child, parent = found.boxes[edge.child], found.boxes[edge.parent]
        assert edge.points[0][0] == parent.x + parent.width < child.x == edge.points[-1][0]
    for one, other in combinations(found.boxes.values(), 2):
        apart = one.x + one.width < other.x or other.x + other.width < one.x
        assert apart or one.y + one.height < other.y or other.y + other.height < one.y


def test_edges_end_apart_at_a_table_with_many_parents() -> None:
    graph = {**{f"p{i}": [] for i in range(6)}, "child": [f"p{i}" for i in range(6)]}
    found = layout(graph, dict.fromkeys(graph, 50))
    ends = sorted(edge.points[-1][1] for edge in found.edges)
    assert min(later - earlier for earlier, later in pairwise(ends)) >= 16


def test_the_picture_is_the_same_every_time_and_of_nothing_empty() -> None:
    graph = {"a": [], "b": ["a"], "c": ["a", "b"]}
    assert layout(graph, dict.fromkeys(graph, 50)) == layout(graph, dict.fromkeys(graph, 50))
    assert layout({}, {}).boxes == {}
