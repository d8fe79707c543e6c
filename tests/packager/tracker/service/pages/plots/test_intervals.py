from __future__ import annotations

from packager.tracker.core.plot import IntervalsPlot, MeasuredRow
from packager.tracker.service.pages.plots.intervals import draw_intervals


def test_a_row_has_its_interval_the_packaged_value_and_the_bound():
    slice_e = MeasuredRow(
        name="color=<E>", value=0.7, low=0.6, high=0.8, reference=0.9, bound=0.5, subject=True
    )
    found = draw_intervals(
        IntervalsPlot(
            title="t", unit="accuracy", rows=(slice_e, MeasuredRow(name="color=D", value=0.8))
        )
    )
    html = str(found.html)
    # 0.5 to 0.9 with 6 % of that at both ends: 0.7 is in the middle
    assert '<circle class="value" cx="50.00%"' in html
    assert '<line class="span" x1="27.68%"' in html
    assert '<line class="packaged" x1="94.64%"' in html
    assert '<line class="bound" x1="5.36%"' in html
    assert html.count('class="bin subject"') == 1
    said = "color=&lt;E&gt;: 0.7, from 0.6 to 0.8; when packaged 0.9; worst allowed 0.5"
    assert f'aria-label="{said}"' in html
    assert found.legend == [
        ("value", "accuracy"), ("packaged", "when packaged"), ("bound", "worst allowed"),
    ]  # fmt: skip
    assert list(found.heads) == [
        "row", "accuracy", "low", "high", "when packaged", "worst allowed",
    ]  # fmt: skip
    assert found.rows[0] == ("color=<E>", "0.7", "0.6", "0.8", "0.9", "0.5")
    assert found.rows[1] == ("color=D", "0.8", "", "", "", "")


def test_values_alone_have_no_empty_columns():
    found = draw_intervals(IntervalsPlot(title="t", rows=(MeasuredRow(name="a", value=3),)))
    assert list(found.heads) == ["row", "value"]
    assert found.legend == [("value", "value")]
    assert found.caption == "Dots are the values."


def test_of_many_rows_the_first_are_drawn_and_the_table_has_all():
    rows = tuple(MeasuredRow(name=str(place), value=place) for place in range(50))
    found = draw_intervals(IntervalsPlot(title="t", rows=rows))
    assert str(found.html).count("<circle") == 24
    assert "Drawn are the first 24 of 50 rows." in found.caption
    assert len(found.rows) == 50
