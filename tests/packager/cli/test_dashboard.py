"""``package dashboard``: refusals with hints, a page of one server, and a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from metrics_servers import answering, exposition

COUNTS = {"low": 500, "middle": 300, "high": 200}
AWAY = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("words", "code", "told", "hint"),
    [
        (
            (AWAY, "--output", "a.html", "--port", "0"),
            2,
            "expected --output or --port, got both",
            "leave one of them out",
        ),
        (
            (AWAY, "--window", "2y"),
            2,
            "--window: expected one of 1h, 6h, 24h, 7d, 30d, got '2y'",
            "for example --window 7d",
        ),
        (("some:tag",), 2, "some:tag: expected --prometheus with a package", "add --prometheus"),
        ((AWAY, "--tracker", "javascript:x"), 2, "--tracker: expected an address", "for example"),
        ((AWAY,), 1, f"{AWAY}/metrics", ""),
    ],
)
def test_what_cannot_be_shown_is_refused(run, words, code, told, hint):
    got, out, err = run("dashboard", *words)
    assert (got, out) == (code, "")
    assert told in err
    assert hint in err


def test_a_page_of_one_server_is_written_to_a_file(run, tmp_path: Path):
    page = tmp_path / "page.html"
    with answering(exposition(COUNTS)) as (url,):
        code, out, err = run("dashboard", url, "--output", str(page))
    assert (code, out.strip()) == (0, str(page)), err
    assert "<h1>Model m</h1>" in page.read_text(encoding="utf-8")


def test_a_prometheus_that_is_none_or_away_writes_no_page(run, tmp_path: Path):
    page = tmp_path / "page.html"
    with answering(exposition(COUNTS), json.dumps({"status": "other"})) as (url, other):
        code, _, err = run("dashboard", url, "--prometheus", other, "--output", str(page))
        assert code == 1
        assert "expected Prometheus' answer to a query, got other content" in err
        assert "--prometheus http://HOST:9090" in err
        code, _, err = run("dashboard", url, "--prometheus", AWAY, "--output", str(page))
    assert code == 1
    assert "no answer: ConnectionError" in err
    assert not page.exists()
