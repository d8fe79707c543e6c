from __future__ import annotations

import re

from packager.deploy.grafana.panel import Panel, Query
from packager.deploy.grafana.units import COUNT, PSI, SHARE
from packager.report.dashboard.answers import AnsweredSeries, PanelAnswer
from packager.report.dashboard.tables import MAX_ROWS, panel_table, series_table


def series(value: float, **labels: str) -> AnsweredSeries:
    return AnsweredSeries(labels, [(0.0, value)])


def table(*queries: list[AnsweredSeries], columns: list[Query]) -> PanelAnswer:
    return PanelAnswer(Panel("t", "table", columns, "d.", COUNT), "t", queries)


COLUMNS = [Query("a", "PSI", PSI, {0.2: "orange", 0.5: "red"}), Query("b", "rows", COUNT)]


def test_queries_are_joined_by_their_labels():
    answer = table(
        [series(0.21, feature="x", version="1"), series(0.6, feature="y", version="1")],
        [series(1234, feature="x", version="1")],
        columns=COLUMNS,
    )
    text = panel_table(answer, ("version",), lambda *pair: f"/?{pair[0]}={pair[1]}")
    cells = re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", text)
    link = '<span><a href="/?feature={0}">{0}</a></span>'
    assert cells == [
        *("feature", "PSI", "rows"),
        *(link.format("x"), "0.210 \u25b2", "1,234"),
        *(link.format("y"), "0.600 \u25b2\u25b2", "-"),
    ]
    assert '<td class="number likely">' in text


def test_a_query_without_a_legend_has_no_column_and_hostile_names_are_text():
    name = "<script>alert(1)</script>\u202e" + "x" * 5_000
    text = panel_table(table([series(1, slice=name)], columns=[Query("a")]), (), lambda *_: "")
    assert "<script" not in text
    assert len(text) < 1_000
    assert text.count("</th>") == 2


def test_a_long_table_says_how_many_rows_are_not_shown():
    many = [series(1, slice=f"{n:04}") for n in range(MAX_ROWS + 7)]
    text = panel_table(table(many, columns=[Query("a", "n")]), (), lambda *_: "")
    assert text.count("<tr>") == MAX_ROWS + 1
    assert "7 more rows are not shown." in text


def test_the_table_of_a_plot_has_the_ends_of_each_line():
    one = AnsweredSeries({}, [(0.0, 0.5), (1.0, 0.1), (2.0, 0.9), (3.0, 0.3)])
    answer = PanelAnswer(Panel("t", "timeseries", [Query("a")], "d.", SHARE), "t", [[one]])
    text = series_table(answer, [("line", answer.panel.queries[0], one)])
    assert re.findall(r"<td[^>]*>(.*?)</td>", text) == ["50 %", "10 %", "90 %", "30 %"]
