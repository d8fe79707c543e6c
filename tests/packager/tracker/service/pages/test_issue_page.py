"""An issue's page: why, what to do, plots, history, and each of its forms."""

from __future__ import annotations

import re

import pytest
from tracker_pages import NOW, TrackerSite, text_of

from packager.tracker.core.actions import AddComment, Assign, Move, Resolve
from packager.tracker.core.issue import State
from packager.tracker.core.moments import DAY
from packager.tracker.core.priority import TIMES

pytestmark = pytest.mark.slow

BINS = {"plot": "bins", "title": "carat", "bins": ["a", "b"], "reference": [0.6, 0.4],
        "live": [0.1, 0.9]}  # fmt: skip


def send(site: TrackerSite, action: str, **fields: object) -> str:
    answer = site.post("/issues/1", action=action, **fields)
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["location"]


@pytest.mark.parametrize("severity", ["page", "ticket", "info"])
@pytest.mark.parametrize("share", [1.0, 0.22, 1 / 3, 0.0011237, 1e-7])
def test_the_numbers_of_the_sentence_give_its_priority(
    site: TrackerSite, severity: str, share: float
):
    site.report(severity=severity, share=share, certainty=0.99871)
    said = text_of(site.page("/issues/1"))
    number = r"([\d.]+)"
    factors = f" {TIMES} ".join(
        ("100", rf"{number} \(\w+\)", rf"{number} \(share\)", rf"{number} \(certainty\)")
    )
    found = re.search(rf"{factors} = {number}: P\d", said)
    assert found is not None
    a, b, c, shown = map(float, found.groups())
    assert 100 * a * b * c == pytest.approx(shown, rel=1e-3)
    html = site.page("/issues/1")
    bars = re.findall(r'class="factor-bar"[^>]*aria-label="(\w+) ([\d.]+)"', html)
    assert [float(value) for _, value in bars] == [a, b, c]


def test_the_page_has_what_to_do_and_only_trusted_links(site: TrackerSite):
    site.report(
        action="Read `the log`.\nSee https://grafana.test/d/1 or https://evil.test/x.",
        links={"panel": "https://grafana.test/d/1", "odd": "https://grafana.test.evil.test/d/1"},
    )
    html = site.page("/issues/1")
    assert '<a href="https://grafana.test/d/1" rel="noopener noreferrer">panel</a>' in html
    assert "<code>the log</code>" in html
    assert 'href="https://evil.test' not in html
    assert 'href="https://grafana.test.evil' not in html
    assert "https://evil.test/x." in text_of(html)
    assert "package drift SERVER --model diamonds --version 1.0" in html


def test_a_plot_comes_with_its_table(site: TrackerSite):
    site.report(plot=BINS)
    html = site.page("/issues/1")
    assert "60 % → 10 %" in text_of(html)
    assert re.search(
        r"<tr><th scope=\"row\"><span>a</span></th><td class=\"number\">0.6</td>", html
    )


def test_each_form_does_what_it_says(site: TrackerSite):
    site.report()
    assert send(site, "acknowledge") == "/issues/1"
    assert site.issue(1).state is State.ACKNOWLEDGED
    send(site, "assign_me")
    assert site.issue(1).owner == "ada"
    send(site, "assign", owner="grace")
    assert site.issue(1).owner == "grace"
    send(site, "label", label="retrain")
    assert site.issue(1).labels == ("retrain",)
    send(site, "unlabel", label="retrain")
    assert site.issue(1).labels == ()
    send(site, "move", bands="-1", reason="a customer waits")
    assert site.issue(1).band == 1
    assert "Moved one band up by hand: a customer waits" in site.page("/issues/1")
    send(site, "move", bands="0")
    assert site.issue(1).band == 2
    send(site, "ignore", reason="known", days="30")
    assert site.issue(1).ignored is not None
    assert "ignored until 2026-12-29 14:00 UTC: known" in text_of(site.page("/issues/1"))
    send(site, "reopen")
    send(site, "comment", text="line 1\nline 2 <b>")
    assert "line 1<br>line 2 &lt;b&gt;" in site.page("/issues/1")
    send(site, "resolve", version="1.1", reason="retrained")
    found = site.issue(1)
    assert (found.state, found.resolved_in, found.closed_by) == (State.RESOLVED, "1.1", "ada")


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("1d", "snoozed until 2026-11-30 14:00 UTC"),
        ("7d", "snoozed until 2026-12-06 14:00 UTC"),
        ("doubled", "snoozed until its priority is 18.48"),
        ("version", "snoozed until a version newer than 1.0 has it"),
    ],
)
def test_snoozing_has_four_ends(site: TrackerSite, until: str, said: str):
    site.report()
    send(site, "snooze", until=until)
    assert said in text_of(site.page("/issues/1"))


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"action": "explode"}, 400),
        ({}, 400),
        ({"action": "snooze", "until": "never"}, 400),
        ({"action": "ignore", "reason": " "}, 400),
        ({"action": "ignore", "reason": "x", "days": "-1"}, 400),
        ({"action": "label", "label": "x" * 201}, 400),
        ({"action": "move", "bands": "7", "reason": "x"}, 400),
        ({"action": "move", "bands": "1", "reason": ""}, 409),
        ({"action": "comment", "text": ""}, 400),
        ({"action": "comment", "text": "x" * 10_001}, 400),
    ],
)
def test_a_form_that_says_nothing_changes_nothing(
    site: TrackerSite, fields: dict[str, str], status: int
):
    site.report()
    before = site.issue(1)
    answer = site.post("/issues/1", **fields)
    assert answer.status_code == status
    assert "back button" in answer.text
    assert site.issue(1) == before


def test_the_form_of_the_list_returns_to_the_list(site: TrackerSite):
    site.report()
    assert send(site, "acknowledge", next="/?package=diamonds") == "/?package=diamonds"
    assert send(site, "reopen", next="https://evil.test/") == "/"
    assert send(site, "reopen", next="//evil.test/") == "/"


def test_unknown_issues_are_pages(site: TrackerSite):
    for path in ("/issues/7", f"/issues/{2**70}", "/issues/abc"):
        answer = site.client.get(path, headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["content-type"]) == (
            404,
            "text/html; charset=utf-8",
        )
    assert site.post("/issues/7", action="acknowledge").status_code == 404
    site.report()
    assert site.client.get("/issues/1?before=x").status_code == 400
    assert site.client.get("/issues/1?before=1").status_code == 200


def test_a_long_history_has_earlier_pages(site: TrackerSite):
    site.report()
    site.act(1, *(AddComment(text=f"comment {place}") for place in range(250)))
    html = site.page("/issues/1")
    assert "comment 249" in html
    assert "comment 10<" not in html
    found = re.search(r'href="(/issues/1\?before=\d+)#history"', html)
    assert found is not None
    assert "comment 10<" in site.page(found[1])


def test_the_members_of_a_cause_are_listed(site: TrackerSite):
    site.report()
    site.report(subject="feature=x", title="x moved", share=0.1)
    said = text_of(site.page("/issues/2"))
    assert "Probably one cause 2 inputs moved since 14:00; largest carat, 0.22" in said


def test_times_are_in_utc_with_the_time_that_passed(site: TrackerSite):
    site.report()
    site.now = NOW + 3 * DAY
    assert '<time datetime="2026-11-29T14:00:00Z" title="2026-11-29T14:00:00Z">3 d ago</time>' in (
        site.page("/issues/1")
    )


def test_the_state_is_said_in_words(site: TrackerSite):
    site.report()
    site.act(1, Assign(owner="grace"))
    site.act(1, Move(bands=1, reason="minor"))
    site.act(1, Resolve(version="2.0"))
    said = text_of(site.page("/issues/1"))
    assert "resolved by ada 0 min ago, fixed in 2.0; a source still observes it" in said
    assert "owner grace" in said
