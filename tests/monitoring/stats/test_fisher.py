"""Fisher's exact test, against scipy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitoring.stats.fisher import hypergeometric_tail


@given(st.data(), st.integers(1, 3_000))
def test_hypergeometric_tail(data: st.DataObject, total: int) -> None:
    drawn, marked = (data.draw(st.integers(0, total)) for _ in range(2))
    hits = data.draw(st.integers(0, drawn))
    expected = stats.hypergeom.sf(hits - 1, total, marked, drawn)
    found = hypergeometric_tail(hits, drawn, marked, total)
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)
