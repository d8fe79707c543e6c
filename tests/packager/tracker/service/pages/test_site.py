"""Errors are pages, and hostile texts do nothing on any of them."""

from __future__ import annotations

import re

import pytest
from tracker_pages import HTML, TrackerSite

from packager.tracker.core.actions import AddComment, AddLabel, Assign, Move
from packager.tracker.store.database import StoreError
from packager.tracker.store.reader import StoreReader
from packager.tracker.store.tokens import TokenScope

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus='alert(1)",
    "\u202egnp.exe\u202c",
    "\u2066\u2067\u2069\u200f",
    "A" * 1_000_000,
    "nul\0 \x1b[31m",
    "lone \ud800",
    "'; drop table issue; --",
    '" OR 1=1 * NEAR(a b) ^ -x',
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "]]></svg><script>alert(2)</script>",
    "a" + "\u0300" * 100,
    "https://grafana.test/d/%22onclick=alert(1)\"onclick='alert(1)",
]


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.sample(5)
def test_hostile_texts_are_only_texts(stranger: TrackerSite, text: str):
    stranger.log_in("root", TokenScope.ADMIN)
    name = text[:150]
    plot = {"plot": "bins", "title": text, "bins": [text], "reference": [1], "live": [1],
            "reference_name": text, "live_name": text}  # fmt: skip
    issue = stranger.report(
        package=name, version=text[:400], kind=name, subject=name, title=text, summary=text,
        action=text, evidence=text, source=name, plot=plot, links={name: "https://evil.test/"},
        values={name: 1},
    )  # fmt: skip
    for action in (
        AddComment(text=text[:9000]),
        AddLabel(label=name),
        Assign(owner=text),
        Move(bands=-1, reason=text),
    ):
        stranger.act(issue.id, action, who=name)
    sendable = name.encode("utf-8", "replace").decode()
    stranger.post("/views", name=sendable[:90], query="q=x")
    stranger.post("/tokens", name=sendable, scope="write")
    pages = [
        stranger.page(path) for path in ("/", "/?state=all", "/issues/1", "/packages", "/tokens")
    ]
    for params in (
        {"q": sendable},
        {"package": sendable},
        {"label": sendable},
        {"owner": sendable},
    ):
        answer = stranger.client.get("/", params=params)
        assert answer.status_code == 200
        pages.append(answer.text)
    for html in pages:
        assert len(re.findall("<script", html)) == 1
        assert not re.search(r"<[^>]*\son\w+=(?![^<>]*&)", re.sub(r'"[^"]*"', '""', html))
        assert not re.search(r'href="(?!/|#|https://grafana\.test/d/)', html)
        assert not re.search(r"\sstyle=", html)
        # Hidden fields come back as they were; nobody sees them.
        seen = re.sub(r'<(input type="hidden"|option)[^>]*>', "", html)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200f\0\x1b]", seen)
        assert len(html) < 300_000


def test_every_answer_forbids_inline_scripts_styles_and_frames(site: TrackerSite):
    site.report()
    for path in ("/", "/issues/1", "/login", "/issues/99", "/static/keys.js"):
        policy = site.client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_browsers_get_pages_of_errors_and_programs_get_json(site: TrackerSite):
    page = site.client.get("/nowhere", headers=HTML)
    assert (page.status_code, "There is no such page" in page.text) == (404, True)
    assert site.client.get("/nowhere").json()["error"]["code"] == "not_found"
    api = site.client.get("/api/v1/nowhere", headers=HTML)
    assert api.json()["error"]["code"] == "not_found"
    assert site.client.request("DELETE", "/", headers=HTML).status_code == 405


def test_a_store_that_fails_is_a_page_too(
    site: TrackerSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(*given: object) -> None:
        raise StoreError("disk I/O error")

    monkeypatch.setattr(StoreReader, "page", fail)
    assert "The store does not answer" in site.page("/", 503)
    assert "disk I/O error" in caplog.text


def test_an_error_of_the_service_is_a_page_and_in_the_log(
    site: TrackerSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(StoreReader, "page", None)
    assert "log says why" in site.page("/", 500)
    assert "TypeError" in caplog.text


def test_a_token_that_only_reports_reads_no_page(stranger: TrackerSite):
    headers = {"authorization": f"Bearer {stranger.token('ci', TokenScope.REPORT)}"}
    answer = stranger.client.get("/", headers=headers)
    assert answer.status_code == 403
    assert "needs a token of scope write" in answer.text
