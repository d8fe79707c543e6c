from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from packager.errors import PackageError
from packager.registry.authorization import Authorization, RefusedScopeError
from packager.registry.credentials import Login

REALM = 'Bearer realm="https://auth.example/token",service="r.example"'
PUSH = ("repository:m:pull,push",)
ADA = "Basic " + base64.b64encode(b"ada:s3").decode()


class Tokens:
    """A token server."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str | None, Mapping[str, str] | None]] = []

    def __call__(
        self, url: str, authorization: str | None, form: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        self.asked.append((url, authorization, form))
        status, content = self.answers.pop(0)
        return status, json.dumps(content).encode()


def authorization(tokens: Tokens, login: Login | None = None, **more) -> Authorization:
    return Authorization(
        more.get("host", "r.example"), more.get("plain", False), lambda: login, tokens
    )


def test_a_registry_without_a_challenge_gets_no_header() -> None:
    assert authorization(Tokens(), Login("ada", "s3")).header(PUSH) is None


def test_basic_is_sent_from_then_on_and_refused_once() -> None:
    found = authorization(Tokens(), Login("ada", "s3"))
    found.challenged('Basic realm="r"', (), None)
    assert found.header(PUSH) == ADA
    with pytest.raises(PackageError) as refused:
        found.challenged('Basic realm="r"', PUSH, ADA)
    assert refused.value.message == (
        "r.example: the registry refused the user name or password, for user 'ada'"
    )


def test_basic_without_a_login_says_how_to_log_in() -> None:
    found = authorization(Tokens())
    found.challenged('Basic realm="r"', (), None)
    with pytest.raises(PackageError) as refused:
        found.header(PUSH)
    assert "expected a login, because the registry requires one" in refused.value.message
    assert "docker login r.example" in str(refused.value.hint)


def test_a_token_is_asked_for_by_scope_and_kept() -> None:
    tokens = Tokens((200, {"token": "t1", "expires_in": 300}), (200, {"access_token": "t2"}))
    found = authorization(tokens, Login("ada", "s3"))
    found.challenged(REALM, (), None)
    assert [found.header(PUSH) for _ in range(3)] == ["Bearer t1"] * 3
    assert found.header((*PUSH, "repository:other:pull")) == "Bearer t2"
    url, sent, form = tokens.asked[1]
    assert (urlsplit(url).netloc, sent, form) == ("auth.example", ADA, None)
    assert parse_qs(urlsplit(url).query) == {
        "service": ["r.example"],
        "scope": [*PUSH, "repository:other:pull"],
    }


def test_a_refused_token_is_replaced_once_for_all_threads() -> None:
    tokens = Tokens((200, {"token": "t1"}), (200, {"token": "t2"}))
    found = authorization(tokens)
    found.challenged(REALM, (), None)
    sent = found.header(PUSH)
    found.challenged(REALM, PUSH, sent)
    assert found.header(PUSH) == "Bearer t2"
    found.challenged(REALM, PUSH, sent)  # of a thread that sent the first one
    assert found.header(PUSH) == "Bearer t2"


def test_an_identity_token_is_exchanged_in_a_form() -> None:
    tokens = Tokens((200, {"access_token": "t1"}))
    found = authorization(tokens, Login(identity_token="long"))
    found.challenged(REALM, (), None)
    assert found.header(PUSH) == "Bearer t1"
    url, sent, form = tokens.asked[0]
    assert (url, sent) == ("https://auth.example/token", None)
    assert form is not None
    assert form["grant_type"] == "refresh_token"
    assert form["refresh_token"] == "long"
    assert form["scope"] == PUSH[0]


@pytest.mark.parametrize(
    ("host", "plain", "realm", "permitted"),
    [
        ("r.example", False, "http://auth.example/token", False),
        ("r.example", True, "http://auth.example/token", False),
        ("127.0.0.1:5000", True, "http://127.0.0.1:5001/token", True),
        ("127.0.0.1:5000", True, "http://auth.example/token", False),
        ("127.0.0.1:5000", False, "http://127.0.0.1:5001/token", False),
        ("r.example", False, "https://elsewhere.example/token", True),
        ("r.example", False, "", False),
    ],
)
def test_a_password_goes_to_https_only(host, plain, realm, permitted) -> None:
    tokens = Tokens((200, {"token": "t"}))
    found = authorization(tokens, Login("ada", "s3"), host=host, plain=plain)
    if permitted:
        found.challenged(f'Bearer realm="{realm}"', (), None)
        assert found.header(PUSH) == "Bearer t"
        return
    with pytest.raises(PackageError, match="expected an https address that issues tokens"):
        found.challenged(f'Bearer realm="{realm}"', (), None)
    assert tokens.asked == []


@pytest.mark.parametrize("content", [{}, [], "x", {"token": 3}, {"token": "a\nb"}, {"token": ""}])
def test_what_is_no_token_is_refused(content: object) -> None:
    found = authorization(Tokens((200, content)))
    found.challenged(REALM, (), None)
    with pytest.raises(PackageError, match="expected a token in JSON"):
        found.header(PUSH)


def test_a_refused_login_at_the_token_server() -> None:
    found = authorization(Tokens((401, {})), Login("ada", "wrong"))
    found.challenged(REALM, (), None)
    with pytest.raises(RefusedScopeError) as refused:
        found.header(PUSH)
    assert "its token server refused the login, for user 'ada'" in refused.value.message
    assert "wrong" not in refused.value.message


def test_a_helper_that_fails_matters_only_where_a_login_is_needed() -> None:
    def fails() -> Login | None:
        raise PackageError("the helper is absent")

    tokens = Tokens((200, {"token": "anonymous"}))
    found = Authorization("r.example", False, fails, tokens)
    assert found.header(PUSH) is None
    found.challenged(REALM, (), None)
    assert found.header(PUSH) == "Bearer anonymous"
    assert found.denied("push").message == "the helper is absent"
    basic = Authorization("r.example", False, fails, tokens)
    basic.challenged("Basic realm=x", (), None)
    with pytest.raises(PackageError, match="the helper is absent"):
        basic.header(PUSH)


@pytest.mark.parametrize(
    "text", ['Basic realm="x", ' + REALM, REALM + ', Basic realm="x"', REALM.replace("B", "b", 1)]
)
def test_bearer_is_preferred(text: str) -> None:
    found = authorization(Tokens((200, {"token": "t"})), Login("ada", "s3"))
    found.challenged(text, (), None)
    assert found.header(PUSH) == "Bearer t"


def test_an_unknown_challenge_is_refused() -> None:
    with pytest.raises(PackageError, match="expected a Basic or Bearer challenge, got 'Negotiate'"):
        authorization(Tokens()).challenged("Negotiate", (), None)


def test_who_may_not_is_named() -> None:
    assert authorization(Tokens()).denied("push in m").message == (
        "r.example: an anonymous request may not push in m"
    )
