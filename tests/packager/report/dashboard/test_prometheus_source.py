"""What is asked of a Prometheus, and what is done with many series and with a refusal."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from packager.deploy.grafana.chosen import VariableValues
from packager.deploy.grafana.panel import Mark, Panel, Query, View
from packager.report.dashboard.address import PageAddress
from packager.report.dashboard.panel_html import PanelContext, panel_html
from packager.report.dashboard.prometheus_source import PrometheusSource

NOW = 1_700_000_000.7


@contextmanager
def scripted(series: int, refused: str = "") -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """A server with so many series for every query but one that it refuses."""
    asked: list[dict[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = parse_qs(urlsplit(self.path).query)
            asked.append(found)
            bad = bool(refused) and refused in found["query"][0]
            ranged = "start" in found
            times = [float(found["start"][0]), float(found["end"][0])] if ranged else [NOW]
            values = [[at, "NaN" if at == times[0] and ranged else "1"] for at in times]
            key, value = ("values", values) if ranged else ("value", (NOW, "1"))
            result = [{"metric": {"slice": f"{n:05}"}, key: value} for n in range(series)]
            body = json.dumps({"status": "success", "data": {"result": result}})
            if bad:
                body = '{"status": "error", "error": "too many samples"}'
            self.send_response(422 if bad else 200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *arguments: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def view(*panels: Panel) -> View:
    mark = Mark("Alerts", 'ALERTS{model="$model"}', "{{slice}}", "", "red")
    return View("model", "Model m", [], [("Heading", list(panels))], [mark])


LINES = Panel("Lines", "timeseries", [Query('x{model="$model"}', "{{slice}}")], "d.")
NUMBER = Panel("Number", "stat", [Query("bad")], "d.")


def test_lines_are_asked_over_the_window_and_numbers_for_now() -> None:
    with scripted(1) as (url, asked):
        answer = PrometheusSource(url, lambda: NOW).answer(
            view(LINES, NUMBER), VariableValues("m"), 3600
        )
    by_query = {one["query"][0]: one for one in asked}
    assert by_query['x{model="m"}']["start"] == ["1699996400.000"]
    assert by_query['x{model="m"}']["end"] == ["1700000000.000"]
    assert by_query['x{model="m"}']["step"] == ["24.000"]
    assert "start" not in by_query["bad"]
    ((_, (lines, number)),) = answer.rows
    assert lines.queries[0][0].points == [(1_700_000_000.0, 1.0)]  # NaN is no point
    assert number.queries[0][0].last == 1.0
    assert [one.at for one in answer.moments] == [1_700_000_000.0]


def test_a_refused_query_is_explained_in_its_panel_and_others_are_drawn() -> None:
    with scripted(1, refused="bad") as (url, _):
        answer = PrometheusSource(url, lambda: NOW).answer(
            view(LINES, NUMBER), VariableValues("m"), 3600
        )
    ((_, (lines, number)),) = answer.rows
    assert not lines.problem
    assert number.problem.startswith("Prometheus refused the query: ")
    assert "too many samples" in number.problem


def test_of_many_series_some_are_drawn_and_a_note_says_so() -> None:
    with scripted(700) as (url, _):
        answer = PrometheusSource(url, lambda: NOW).answer(view(LINES), VariableValues("m"), 3600)
    ((_, (lines,)),) = answer.rows
    context = PanelContext(answer, PageAddress().window, 1, lambda *_: "")
    text = panel_html(lines, 1, context)
    assert text.count("<polyline") == 12
    assert "Drawn are 12 of 700 series: those with the largest last values." in text
    assert text.count("<tr>") == 201
    assert "500 more rows are not shown." in text
    with scripted(5_001) as (url, _):
        answer = PrometheusSource(url, lambda: NOW).answer(view(LINES), VariableValues("m"), 3600)
    ((_, (lines,)),) = answer.rows
    assert "more than 5000 series" in lines.problem
