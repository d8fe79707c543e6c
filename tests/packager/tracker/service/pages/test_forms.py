"""Which forms are accepted: of this site, of this session, of bounded size."""

from __future__ import annotations

import re

import pytest
from tracker_pages import SAME_SITE, TrackerSite

from packager.tracker.core.issue import State
from packager.tracker.service.pages.forms import local_path

FORM = "application/x-www-form-urlencoded"


def form_token(html: str) -> str:
    found = re.search(r'name="form_token" value="(\w+)"', html)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "none"}, 303),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://issues.test"}, 403),
        ({"origin": "http://issues.test"}, 303),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "http://issues.test.evil.test"}, 403),
        ({"origin": "http://issues.test:81"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_only_forms_of_this_site_act(site: TrackerSite, headers: dict[str, str], status: int):
    site.report()
    sent = {"form_token": form_token(site.page("/")), "action": "acknowledge"}
    assert site.client.post("/issues/1", data=sent, headers=headers).status_code == status
    acted = site.issue(1).state is State.ACKNOWLEDGED
    assert acted is (status == 303)


def test_only_forms_of_this_session_act(site: TrackerSite):
    site.report()
    first = form_token(site.page("/"))
    site.client = site.browser()
    site.log_in("grace")
    for token in (first, "", "x" * 64, "é"):
        sent = {"form_token": token, "action": "acknowledge"}
        answer = site.client.post("/issues/1", data=sent, headers=SAME_SITE)
        assert answer.status_code == 403
        assert "not of this session" in answer.text
    assert site.issue(1).state is State.OPEN


@pytest.mark.parametrize("path", ["/issues/1", "/views", "/views/remove", "/logout"])
def test_every_form_needs_the_token(site: TrackerSite, path: str):
    site.report()
    assert site.client.post(path, data={"a": "b"}, headers=SAME_SITE).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"a=" + b"x" * 200_000, FORM, 413),
        (b"&".join(b"a%d=1" % i for i in range(500)), FORM, 400),
        (b"\xff\xfe=%ff&=&&&%", FORM, 403),
        (b'{"form_token": "x"}', "application/json", 400),
        (b"form_token=x", "text/plain", 400),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 400),
    ],
)
def test_malformed_forms_are_refused(site: TrackerSite, body: bytes, kind: str, status: int):
    site.report()
    headers = {**SAME_SITE, "content-type": kind}
    assert site.client.post("/issues/1", content=body, headers=headers).status_code == status


def test_a_form_after_the_session_ended_is_said_to_be(stranger: TrackerSite):
    stranger.report()
    answer = stranger.client.post("/issues/1", data={"action": "acknowledge"}, headers=SAME_SITE)
    assert answer.status_code == 401
    assert "Your session is over" in answer.text


def test_paths_of_this_site():
    assert local_path("/issues/1?x=%20") == "/issues/1?x=%20"
    for path in ("", "issues", "//x", "/\\x", "/ x", "/\n", "http://x", "/é"):
        assert local_path(path) == "/"
