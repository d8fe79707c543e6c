"""Every plot that is accepted can be drawn, and its table has all numbers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.tracker.core.plot import PLOT
from packager.tracker.service.pages.plots.draw import draw

shares = st.floats(0, 1)
numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=30)
moments = st.floats(0, 4e9)


@st.composite
def bins(made: st.DrawFn) -> dict[str, object]:
    n = made(st.integers(1, 40))
    rows = st.lists(shares, min_size=n, max_size=n)
    names = made(st.lists(texts, min_size=n, max_size=n))
    return {"plot": "bins", "title": made(texts), "bins": names,
            "reference": made(rows), "live": made(rows)}  # fmt: skip


@st.composite
def series(made: st.DrawFn) -> dict[str, object]:
    point = st.fixed_dictionaries(
        {"at": moments, "value": numbers}, optional={"low": numbers, "high": numbers}
    )
    points = sorted(made(st.lists(point, min_size=1, max_size=20)), key=lambda one: one["at"])
    level = st.fixed_dictionaries({"name": texts, "value": numbers, "limit": st.booleans()})
    lines = [{"name": made(texts), "points": points}]
    return {"plot": "series", "title": made(texts), "lines": lines,
            "levels": made(st.lists(level, max_size=4))}  # fmt: skip


@st.composite
def intervals(made: st.DrawFn) -> dict[str, object]:
    row = st.fixed_dictionaries(
        {"name": texts, "value": numbers, "subject": st.booleans()},
        optional={"reference": numbers, "bound": numbers},
    )
    rows = made(st.lists(row, min_size=1, max_size=30))
    for one in rows:
        if made(st.booleans()):
            one["low"], one["high"] = sorted(made(st.tuples(numbers, numbers)))
    return {"plot": "intervals", "title": made(texts), "unit": made(texts), "rows": rows,
            "reference_name": made(texts)}  # fmt: skip


@st.composite
def counts(made: st.DrawFn) -> dict[str, object]:
    count = st.floats(0, 1e300)
    row = st.fixed_dictionaries({"name": texts, "count": count, "subject": st.booleans()})
    rows = made(st.lists(row, min_size=1, max_size=30))
    total = max(1e-300, *(one["count"] for one in rows), 0.0)
    return {"plot": "counts", "title": made(texts), "rows": rows, "total": total}


@st.composite
def levels(made: st.DrawFn) -> dict[str, object]:
    names = made(st.lists(texts, min_size=1, max_size=9))
    place = st.integers(0, len(names) - 1)
    return {"plot": "levels", "title": made(texts), "levels": names, "required": made(place),
            "reached": made(st.none() | place)}  # fmt: skip


@pytest.mark.slow
@given(st.one_of(bins(), series(), intervals(), counts(), levels()))
def test_every_plot_is_well_formed_and_within_its_box(plot: dict[str, object]):
    found = draw(PLOT.validate_python(plot))
    ET.fromstring(str(found.html).replace("&#39;", "'"))
    assert "nan" not in re.sub(r">[^<]*<|\"[^\"]*[a-z]{4}[^\"]*\"", "", str(found.html)).lower()
    for value in re.findall(r'(?:x[12]?|cx|width)="([\d.-]+)%"', str(found.html)):
        assert 0 <= float(value) <= 100
    assert all(len(row) == len(found.heads) for row in found.rows)
    assert len(found.rows) >= 1
