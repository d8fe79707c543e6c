"""Bars of shares on the page of a test."""

from __future__ import annotations

from packager.report.data_test_members import members_part
from tests.support.attribution_samples import attribution, slice_of


def test_bars_have_a_table_and_words() -> None:
    html = members_part(attribution())
    assert html.count('<rect class="after"') == 6  # two members, three slices
    assert html.count('<rect class="before"') == 3
    assert "<title>price: -0.125, 95 % interval -0.25 to 0</title>" in html
    assert "Table: shares of the error" in html
    assert "all rows: mean absolute error 0.375, 1,200 rows" in html
    assert "1 rows that segmenter spoilt most" in html
    assert "<td>30</td>" in html or ">30<" in html


def test_a_bar_to_the_left_of_zero_ends_at_zero() -> None:
    html = members_part(attribution(slices=(slice_of("__all__"),)))
    segmenter, price = (part.split('"')[0] for part in html.split('<rect class="after" x="')[1:])
    assert float(price.rstrip("%")) < float(segmenter.rstrip("%"))


def test_hostile_names_are_text() -> None:
    found = attribution(not_attributed="<script>alert(1)</script>", slices=(slice_of("a<b>&"),))
    html = members_part(found)
    assert "<script>" not in html
    assert "a<b>" not in html
