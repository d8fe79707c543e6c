"""Login, one-time codes, logout, cookies, and where a stranger gets to."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracker_pages import SAME_SITE, TrackerSite

from packager.tracker.service.settings import ServiceSettings
from packager.tracker.store.audit import audit_entries
from packager.tracker.store.tokens import TokenScope, hash_of, revoke


@pytest.mark.parametrize(
    "path", ["/", "/issues/1", "/packages", "/package?name=x", "/tokens", "/?q=a&band=P1"]
)
def test_a_stranger_is_sent_to_the_login(stranger: TrackerSite, path: str):
    answer = stranger.client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")
    assert "Log in" in stranger.page(answer.headers["location"])


def test_after_the_login_comes_the_page_that_was_asked_for(stranger: TrackerSite):
    asked = stranger.client.get("/issues/1?before=3").headers["location"]
    assert 'name="next" value="/issues/1?before=3"' in stranger.page(asked)
    sent = {"token": stranger.token("ada"), "next": "/issues/1?before=3"}
    answer = stranger.client.post("/login", data=sent, headers=SAME_SITE)
    assert answer.headers["location"] == "/issues/1?before=3"


@pytest.mark.parametrize(
    "path", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "/a\r\nb"]
)
def test_a_login_leads_to_no_other_site(stranger: TrackerSite, path: str):
    sent = {"token": stranger.token("ada"), "next": path}
    answer = stranger.client.post("/login", data=sent, headers=SAME_SITE)
    assert answer.headers["location"] == "/"


def test_the_cookie_is_for_this_site_and_no_script(tmp_path: Path):
    for url, secure in (("https://issues.test", True), ("http://issues.test", False)):
        folder = tmp_path / str(secure)
        folder.mkdir()
        made = TrackerSite(folder, ServiceSettings(public_url=url))
        sent = {"token": made.token("ada")}
        cookie = made.client.post("/login", data=sent, headers=SAME_SITE).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert ("Secure" in cookie) is secure
        assert sent["token"] not in cookie
        made.close()


def test_wrong_tokens_and_tokens_that_only_report_do_not_log_in(stranger: TrackerSite):
    reporting = stranger.token("ci", TokenScope.REPORT)
    reading = stranger.token("prometheus", TokenScope.READ)
    refused = (
        ("", "no such token"),
        ("x" * 400, "no such"),
        (reporting, "scope report"),
        (reading, "scope read"),
    )
    for secret, said in refused:
        answer = stranger.client.post("/login", data={"token": secret}, headers=SAME_SITE)
        assert answer.status_code == 403
        assert said in answer.text
        assert "set-cookie" not in answer.headers


def test_a_login_of_another_site_is_refused(stranger: TrackerSite):
    sent = {"token": stranger.token("ada")}
    answer = stranger.client.post("/login", data=sent, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_code_logs_in_once_and_a_preview_spends_none(stranger: TrackerSite):
    hashed = hash_of(stranger.token("ada"))
    code = stranger.app.state.context.auth.new_code(hashed)
    assert stranger.client.request("HEAD", f"/login/{code}").status_code == 200
    answer = stranger.client.get(f"/login/{code}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "ada" in stranger.page("/")
    again = stranger.client.get(f"/login/{code}")
    assert again.status_code == 403
    assert "used already" in again.text


def test_an_old_code_does_not_log_in(stranger: TrackerSite):
    code = stranger.app.state.context.auth.new_code(hash_of(stranger.token("ada")))
    stranger.now += 601
    assert stranger.client.get(f"/login/{code}").status_code == 403


def test_logging_out_needs_the_form_and_ends_the_session(site: TrackerSite):
    assert site.client.get("/logout").status_code == 405
    cookie = site.client.cookie()
    answer = site.post("/logout")
    assert answer.headers["location"] == "/login"
    assert site.client.get("/").status_code == 303
    copied = site.browser().get("/", headers={"cookie": cookie})
    assert copied.status_code == 303, "a copy of the cookie is of no use"
    with site.store.read() as reader:
        assert [one.what for one in audit_entries(reader)][:2] == ["logout", "login"]


def test_a_logout_ends_no_other_session_of_the_token(site: TrackerSite):
    other = site.app.state.context.auth.new_session(hash_of(site.token("eve")))
    site.post("/logout")
    headers = {"cookie": f"issues_session={other}"}
    assert site.browser().get("/", headers=headers).status_code == 200


def test_a_revoked_token_ends_its_sessions(site: TrackerSite):
    with site.store.write() as store:
        assert revoke(store, "ada")
    assert site.client.get("/").headers["location"] == "/login"


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "e30.0", "\xff.\xff", "a" * 5000])
def test_a_made_up_cookie_is_a_stranger(stranger: TrackerSite, cookie: str):
    headers = {"cookie": f"issues_session={cookie}".encode("latin-1")}
    assert stranger.client.get("/", headers=headers).status_code == 303
