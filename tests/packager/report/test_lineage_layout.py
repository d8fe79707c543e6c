"""A picture of any lineage: edges go right, boxes stand apart, everything is inside."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from packager.report.lineage_layout import BETWEEN, MARGIN, layout


@st.composite
def lineages(draw: st.DrawFn) -> dict[str, list[str]]:
    """URIs and their parents, without circles, in any order."""
    uris = [f"t{n}" for n in range(draw(st.integers(0, 8)))]
    parents = {
        uri: draw(st.lists(st.sampled_from(uris[:place]), max_size=4)) if place else []
        for place, uri in enumerate(uris)
    }
    return {uri: parents[uri] for uri in draw(st.permutations(uris))}


@given(lineages(), st.data())
def test_any_lineage_is_drawn(parents, data):
    widths = {uri: data.draw(st.integers(20, 300)) for uri in parents}
    found = layout(parents, widths)
    assert found == layout(parents, widths)
    assert found.boxes.keys() == parents.keys()
    for uri, box in found.boxes.items():
        assert box.width >= widths[uri]
        assert box.x >= MARGIN
        assert box.x + box.width + MARGIN <= found.width
        assert box.y >= MARGIN
        assert box.y + box.height + MARGIN <= found.height
    for one, other in combinations(found.boxes.values(), 2):
        if one.x == other.x:
            assert one.y + one.height <= other.y or other.y + other.height <= one.y
        else:
            assert abs(one.x - other.x) >= BETWEEN
    pairs = [(edge.parent, edge.child) for edge in found.edges]
    assert sorted(pairs) == sorted({(p, child) for child, above in parents.items() for p in above})
    ends = [edge.points[-1] for edge in found.edges]
    assert len(ends) == len(set(ends)), "each edge has a port of its own"
    for edge in found.edges:
        across = [x for x, _ in edge.points]
        assert across == sorted(across)
        for (x, y), (to, level) in zip(edge.points[1::2], edge.points[2::2], strict=False):
            assert y == level, "along its lane an edge is straight"
            for box in found.boxes.values():
                beside = box.x + box.width <= x or to <= box.x
                assert beside or not box.y < y < box.y + box.height, "no edge behind a box"


def test_no_tables_are_no_picture():
    found = layout({}, {})
    assert (found.boxes, found.edges, found.width) == ({}, (), 0)
