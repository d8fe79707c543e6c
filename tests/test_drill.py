"""``make drill``: its parts (rows, clients, checks, the report), and its short form as a whole."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from open_load import Sent

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture(scope="module")
def part() -> Iterator[Any]:
    """Imports a part of the drill by its name."""
    sys.path.insert(0, str(SCRIPTS))
    yield lambda name: importlib.import_module(f"drill_parts.{name}")
    sys.path.remove(str(SCRIPTS))


class Answers(BaseHTTPRequestHandler):
    """Answers predictions and labels; every fifth prediction and the first labels fail."""

    protocol_version = "HTTP/1.1"
    asked = 0
    labels = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if predicts := self.path == "/predict":
            Answers.asked += 1
            rows = [{"token": "t", "prediction": "Ideal"} for _ in body["rows"]]
            found: Any = {"version": "1.0.0-a", "predictions": rows}
        else:
            Answers.labels += 1
            found = {"counted": len(body)}
        fails = Answers.asked % 5 == 0 if predicts else Answers.labels == 1
        text = json.dumps(found).encode()
        self.send_response(503 if fails else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def rows(count: int) -> list[dict[str, Any]]:
    return [{"carat": 0.5, "color": "E", "cut": "Ideal", "price": n} for n in range(count)]


@pytest.mark.server
@pytest.mark.slow
def test_every_request_is_logged_and_refused_labels_are_sent_again(
    part: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    module = part("load")
    monkeypatch.setattr(module, "LABEL_DELAY_SECONDS", 0.0)
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.0)
    load = module.Load(server.server_port, rows(50), rate=100, batch=3)
    with load.running():
        while load.count < 40 or len(load.labels) < 2:
            time.sleep(0.05)
        assert load.wait_for_labels(60) is not None
    server.shutdown()
    assert {one.status for one in load.sent} == {200, 503}
    assert sorted(one.number for one in load.sent) == list(range(load.count))
    assert [one.status for one in load.lost()] == [503] * len(load.lost())
    assert load.labels.keys() == {200, 503}
    assert all(count % 3 == 0 for count in load.labels.values())


def test_verdicts_are_compared_with_those_of_the_drill_before(part: Any, tmp_path: Path) -> None:
    file, compared = tmp_path / "verdicts.json", part("verdicts").compared_verdicts
    found = []
    for holds, form in ((True, "whole"), (True, "short"), (True, "whole"), (False, "whole")):
        record = part("checks").Record()
        record.start("quiet")
        record.check("no issue", holds, "none")
        found.append(compared(record, file, form))
    assert found == [
        "no earlier drill to compare with",
        "no earlier drill to compare with",
        "all 1 as in the drill before",
        "other than in the drill before: quiet: no issue",
    ]


def test_parts_of_the_data_are_disjoint_and_the_change_is_of_one_slice(
    part: Any, tmp_path: Path
) -> None:
    module = part("rows")
    header = "carat,cut,color,clarity,depth,table,price,x,y,z"
    lines = [f"0.{n},Ideal,{'DE'[n % 2]},VS1,60,55,{n},1,1,1" for n in range(30_000)]
    (tmp_path / "all.csv").write_text("\n".join([header, *lines]))
    found = module.read_rows(tmp_path / "all.csv")
    parts = (found.first, found.second, found.judged, found.traffic)
    prices = [row["price"] for one in parts for row in one]
    assert sorted(prices) == list(range(30_000))
    assert {row["cut"] for row in found.second if row["color"] == "E"} == {"Premium"}
    assert {row["cut"] for row in found.second if row["color"] == "D"} == {"Ideal"}
    assert "cut" not in module.question(found.first[0])
    assert module.read_rows(tmp_path / "all.csv") == found


def test_issues_of_one_cause_are_one_line(part: Any) -> None:
    issue = part("tracker").Issue
    found = [
        issue(number, "FeatureDrift", "feature=a", "open", 2, 9.0, cause, True, "1")
        for number, cause in ((1, 7), (2, 7), (3, None))
    ]
    assert part("checks").causes(found) == 2


def test_an_issue_that_an_earlier_fault_explains_is_not_the_new_one_s(part: Any) -> None:
    faults, issue = part("faults"), part("tracker").Issue
    now = faults.Fault("b", print, print, ("SliceRegression slice=a",), ("Accuracy ",))
    earlier = faults.Fault("a", print, print, ("FeatureDrift feature=a",), ("Accuracy ",))
    names = ("SliceRegression", "slice=a"), ("FeatureDrift", "feature=a"), ("Accuracy", "x")
    found = [
        issue(number, kind, subject, "open", 2, 9.0, None, True, "1")
        for number, (kind, subject) in enumerate((*names, ("TargetDown", "instance=a")))
    ]
    left = now.without_issues_of(earlier, found)
    assert [one.number for one in left] == [0, 2, 3]
    assert [one.number for one in now.unexpected(left)] == [3]


def test_a_plot_shows_small_values_beside_large_ones(part: Any) -> None:
    timeline = part("timeline")
    series = [timeline.Series("p99", [(0.0, 0.1), (1.0, 10.0), (2.0, 71_000.0)])]
    text = timeline.timeline("Latency", [("a", 0, 2), ("b", 2, 2.01)], series, log=True)
    assert all(f">{tick}<" in text for tick in ("1", "10", "100", "1,000", "10,000"))
    heights = [float(one.split(",")[1]) for one in text.split('points="')[1].split('"')[0].split()]
    assert heights[0] - heights[1] > 20 < heights[1] - heights[2]


def test_the_report_has_every_check_and_says_what_failed(part: Any, tmp_path: Path) -> None:
    record = part("checks").Record()
    record.start("<quiet>")
    record.check("no issue", False, "FeatureDrift <b>")
    record.check("requests without an answer", True, "0 of 9")
    record.sent = [Sent(n, record.began + n, 0.01, 200, "1.0.0-a") for n in range(9)]
    record.finish()
    part("report").write_report(record, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "1 check fails" in text
    assert "What failed" in text
    assert "1 of 2" in text
    assert "FeatureDrift &lt;b&gt;" in text
    assert "<b>" not in text.replace("<body>", "")
    assert record.failed[0].name == "no issue"
    figure = text[text.index("<svg") : text.index("</svg>") + 6]
    assert ElementTree.fromstring(figure).tag.endswith("svg")


@pytest.mark.engine
@pytest.mark.long
@pytest.mark.network
@pytest.mark.slow
def test_every_check_of_the_short_drill_holds(part: Any) -> None:
    if why := part("engine").why_not():
        pytest.skip(f"a drill {why}")
    command = [sys.executable, str(SCRIPTS / "drill.py"), "--short"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "0 failed" in done.stdout
