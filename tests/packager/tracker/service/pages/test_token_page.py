"""The page of tokens: for administrators; a secret is shown once."""

from __future__ import annotations

import re

from tracker_pages import TrackerSite, text_of

from packager.tracker.store.tokens import TokenScope, hash_of, token_of


def test_an_administrator_adds_and_revokes_tokens(stranger: TrackerSite):
    stranger.log_in("root", TokenScope.ADMIN)
    answer = stranger.post("/tokens", name="ci <1>", scope="report")
    found = re.search(r'class="secret"[^>]*>([\w-]{40,})<', answer.text)
    assert found is not None
    with stranger.store.read() as store:
        token = token_of(store, hash_of(found[1]))
    assert token is not None
    assert (token.name, token.scope) == ("ci <1>", TokenScope.REPORT)
    html = stranger.page("/tokens")
    assert "ci &lt;1&gt;" in html
    assert found[1] not in html
    assert stranger.post("/tokens", name="ci <1>", scope="write").status_code == 409
    assert stranger.post("/tokens/revoke", name="ci <1>").headers["location"] == "/tokens"
    left = stranger.page("/tokens")
    assert '<th scope="row">ci &lt;1&gt;</th>' not in left
    said = text_of(left)
    assert "root token revoked: ci &lt;1&gt;" in said
    assert "root token added: ci &lt;1&gt;, scope report" in said
    assert "root login" in said


def test_nobody_revokes_the_token_that_they_use(stranger: TrackerSite):
    stranger.log_in("root", TokenScope.ADMIN)
    assert stranger.post("/tokens/revoke", name="root").status_code == 409


def test_names_and_scopes_are_checked(stranger: TrackerSite):
    stranger.log_in("root", TokenScope.ADMIN)
    for name, scope in (("", "write"), ("x" * 201, "write"), ("x", "owner"), ("x", "")):
        assert stranger.post("/tokens", name=name, scope=scope).status_code == 400


def test_people_who_only_write_get_no_token(site: TrackerSite):
    assert "needs a token of scope admin" in site.page("/tokens", 403)
    assert site.post("/tokens", name="mine", scope="admin").status_code == 403
    assert site.post("/tokens/revoke", name="ada").status_code == 403
    assert 'href="/tokens"' not in site.page("/")
