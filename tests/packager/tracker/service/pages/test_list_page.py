"""The list: order, filters, causes, saved views, its states, and how much it asks of the store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tracker_pages import NOW, TrackerSite, text_of

from packager.tracker.core.actions import Acknowledge, AddLabel, Assign, Resolve, SnoozeFor
from packager.tracker.core.moments import HOUR
from packager.tracker.store.sqlite import SqliteConnection


def titles(html: str) -> list[str]:
    return re.findall(r'class="go"[^>]*>([^<]*)<', html)


def test_the_most_urgent_issue_is_first_and_the_page_says_why(site: TrackerSite):
    site.report(title="small", kind="WeakSlice", share=0.01)
    site.report(
        title="pages", kind="RequestsFailed", severity="page", share=0.04, certainty=1,
        action="Roll back to 1.1.0.",
    )  # fmt: skip
    site.report(title="down", kind="TargetDown", package="churn", share=0.5, certainty=1)
    html = site.page("/")
    assert titles(html) == ["down", "pages", "small"]
    assert html.count(">pages somebody<") == 1
    site.act(3, Resolve())
    said = text_of(site.page("/"))
    assert titles(site.page("/"))[0] == "pages"
    assert "Why first It pages somebody, so it is P1: 4 % of the requests, or replicas" in said
    assert "What to do Roll back to 1.1.0." in said


def test_eleven_alerts_of_one_cause_are_one_line_that_unfolds(site: TrackerSite):
    for place in range(11):
        site.now = NOW - HOUR + 60 * place
        site.report(subject=f"feature=x{place}", title=f"x{place} moved", share=0.02 * (place + 1))
    site.now = NOW
    html = site.page("/")
    assert titles(html) == ["x10 moved"]
    assert "11 inputs moved since 13:00; largest x10, 0.22" in html
    assert all(f">x{place} moved</a>" in html for place in range(11))
    assert len(titles(site.page("/?cause=1"))) == 11
    assert len(titles(site.page("/?kind=FeatureDrift"))) == 11


def test_filters_are_links_that_combine(site: TrackerSite):
    site.report(title="one")
    site.report(title="two", package="churn", kind="TargetDown")
    site.report(title="three", package="churn", kind="WeakSlice", share=0.01)
    site.act(2, Assign(owner="grace"))
    site.act(3, AddLabel(label="later & <more>"))
    assert titles(site.page("/?package=churn")) == ["two", "three"]
    assert titles(site.page("/?package=churn&kind=WeakSlice")) == ["three"]
    assert titles(site.page("/?owner=grace")) == ["two"]
    assert titles(site.page("/?owner=")) == ["one", "three"]
    assert titles(site.page("/?band=P2")) == ["one", "two"]
    html = site.page("/?package=churn")
    assert 'href="/?package=churn&amp;kind=WeakSlice"' in html
    assert 'href="/?package=churn&amp;label=later+%26+%3Cmore%3E"' in html
    assert titles(site.page("/?label=later+%26+%3Cmore%3E")) == ["three"]
    assert 'aria-label="Remove the filter package: churn">' in html


def test_tabs_have_the_other_states_and_their_numbers(site: TrackerSite):
    for place in range(4):
        site.report(title=f"issue {place}", kind=f"Kind{place}")
    site.act(1, Acknowledge())
    site.act(2, SnoozeFor(until_doubled=True))
    site.act(3, Resolve())
    said = text_of(site.page("/"))
    assert "Open 2 Snoozed 1 Ignored 0 Resolved 1 All 4" in said
    assert titles(site.page("/?state=snoozed")) == ["issue 1"]
    assert titles(site.page("/?state=resolved")) == ["issue 2"]
    assert len(titles(site.page("/?state=all"))) == 4


def test_the_search_finds_words_and_beginnings(site: TrackerSite):
    site.report(title="carat moved")
    site.report(title="depth moved", subject="feature=depth", kind="AnomalyRate")
    assert titles(site.page("/?q=car")) == ["carat moved"]
    assert 'value="car"' in site.page("/?q=car")
    assert "No issue matches" in site.page("/?q=zebra")


@pytest.mark.slow
def test_the_next_page_begins_where_this_one_ends(site: TrackerSite):
    for place in range(120):
        site.report(title=f"t{place:03}", kind=f"Kind{place}", share=0.2 + place / 1000)
    seen, path = [], "/"
    while path:
        html = site.page(path)
        seen += titles(html)
        found = re.search(r'rel="next" href="([^"]*)"', html)
        path = found[1].replace("&amp;", "&") if found else ""
    assert seen == [f"t{place:03}" for place in reversed(range(120))]


def test_without_issues_it_says_how_they_come(site: TrackerSite):
    assert "No source has reported anything yet" in site.page("/")
    site.report()
    site.act(1, Resolve())
    assert "Nothing is open" in site.page("/")
    assert "No issue matches" in site.page("/?package=absent")


def test_alertmanager_out_of_reach_is_said(site: TrackerSite):
    with site.store.write() as store:
        store.keep_setting("reconcile_failed_since", str(NOW - 2 * HOUR))
    said = text_of(site.page("/"))
    assert "Alertmanager is out of reach since 2026-11-29 12:00 UTC ( 2 h ago )" in said


def test_a_view_is_saved_under_a_name_and_removed(site: TrackerSite):
    site.report()
    saved = site.post("/views", name="My <drift>", query="kind=FeatureDrift&after=x&nonsense=1")
    assert (saved.status_code, saved.headers["location"]) == (303, "/?kind=FeatureDrift")
    assert '<a href="/?kind=FeatureDrift" title="saved by ada">My &lt;drift&gt;</a>' in site.page(
        "/"
    )
    assert site.post("/views", name=" ", query="").status_code == 400
    site.post("/views/remove", name="My <drift>", query="")
    assert "My &lt;drift&gt;" not in site.page("/")


@pytest.mark.parametrize(
    "query", ["band=9", "state=closed", "after=xyz", "cause=x", "limit=100000", "nonsense=1"]
)
def test_an_address_that_says_nothing_is_an_error_page(site: TrackerSite, query: str):
    assert "can&#39;t be read" in site.page(f"/?{query}", 400)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    seen: list[str] = []
    rows = SqliteConnection.rows

    def count(self: SqliteConnection, sql: str, values: object = ()) -> object:
        seen.append(sql)
        return rows(self, sql, values)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(SqliteConnection, "rows", count)
        yield seen


@pytest.mark.slow
def test_more_issues_need_no_more_statements(site: TrackerSite, monkeypatch: pytest.MonkeyPatch):
    site.report(title="a", kind="A")
    site.report(title="b", kind="FeatureDrift")
    site.report(title="c", kind="FeatureDrift", subject="feature=x")
    with counted(monkeypatch) as few:
        site.page("/")
    for place in range(20):
        site.report(title=f"t{place}", kind=f"Kind{place}")
        site.report(subject=f"feature=y{place}")
    with counted(monkeypatch) as many:
        site.page("/")
    assert len(many) == len(few) < 20
    assert not [sql for sql in many if "count(*)" in sql and "cause" not in sql]
