"""Requests to scripted registries, and to a real one with TLS and a password."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path

import pytest
from registries import USER, StartedRegistry, docker_config, login, make_certificates
from registry_stubs import StubAnswer, StubRequest, cutting_proxy, stub

from packager.errors import PackageError
from packager.registry.session import TRIES, RegistrySession
from packager.registry.transport import BrokenTransferError

PUSH = ("repository:m:pull,push",)
OK = StubAnswer(200, content=b"{}")


def opened(host: str, waits: list[float] | None = None) -> RegistrySession:
    """A session whose waits are recorded instead of waited for."""
    return RegistrySession(host, "m", [].append if waits is None else waits.append)


@pytest.mark.server
def test_a_password_is_sent_with_the_first_byte(locked: StartedRegistry, tmp_path, monkeypatch):
    for name, value in locked.variables(tmp_path / "docker").items():
        monkeypatch.setenv(name, value)
    before = len(locked.requests())
    session = opened(locked.host)
    answer = session.request("POST", "/v2/m/blobs/uploads/", PUSH, headers={"Content-Length": "0"})
    assert answer.status == 202
    assert [(method, status) for method, _, status in locked.requests()[before:]] == [
        ("GET", 401),
        ("POST", 202),
    ]


@pytest.mark.server
def test_a_wrong_password_is_refused_with_its_user(locked: StartedRegistry, tmp_path, monkeypatch):
    for name, value in locked.variables(tmp_path / "docker", "guess").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PackageError) as refused:
        opened(locked.host).request("GET", "/v2/m/manifests/1", PUSH)
    assert f"refused the user name or password, for user '{USER}'" in refused.value.message
    assert "guess" not in refused.value.message


@pytest.mark.server
def test_an_absent_login_is_asked_for(locked: StartedRegistry, tmp_path, monkeypatch):
    for name, value in locked.variables(tmp_path / "docker").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DOCKER_CONFIG", docker_config(tmp_path / "empty", {}))
    with pytest.raises(PackageError, match="expected a login, because the registry requires one"):
        opened(locked.host).request("GET", "/v2/m/manifests/1", PUSH)


@pytest.mark.server
def test_an_absent_helper_matters_to_a_registry_with_a_password_only(
    locked: StartedRegistry, plain: StartedRegistry, tmp_path, monkeypatch
):
    for name, value in locked.variables(tmp_path / "docker").items():
        monkeypatch.setenv(name, value)
    config = docker_config(tmp_path / "helped", {"credsStore": "absent"})
    monkeypatch.setenv("DOCKER_CONFIG", config)
    assert opened(plain.host).request("GET", "/v2/m/manifests/1", PUSH).status == 404
    with pytest.raises(PackageError, match="docker-credential-absent"):
        opened(locked.host).request("GET", "/v2/m/manifests/1", PUSH)


@pytest.mark.server
def test_a_ca_that_is_not_known_is_named_with_its_place(locked: StartedRegistry, user: Path):
    waits: list[float] = []
    with pytest.raises(PackageError) as refused:
        opened(locked.host, waits).request("GET", "/v2/", ())
    assert f"{locked.host}: its certificate is not trusted" in refused.value.message
    assert f"/etc/docker/certs.d/{locked.host}/ca.crt" in str(refused.value.hint)
    assert waits == []  # a repetition can't help
    place = user / ".config" / "containers" / "certs.d" / locked.host
    place.mkdir(parents=True)
    assert locked.ca is not None
    (place / "ca.crt").write_bytes(locked.ca.read_bytes())
    with pytest.raises(PackageError, match="expected a login"):
        opened(locked.host).request("GET", "/v2/x", PUSH)


def test_a_certificate_of_another_host_is_refused(tmp_path: Path, monkeypatch):
    authority = str(make_certificates(tmp_path, "DNS:other.example"))
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, authority)
    with stub(lambda _: OK, tmp_path) as found:
        with pytest.raises(PackageError, match=r"its certificate is not trusted: .*mismatch"):
            opened(found.host).request("GET", "/v2/", ())
        assert found.requests == []


def test_a_netrc_does_not_replace_the_login(user: Path, monkeypatch):
    (user / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    with stub(lambda _: OK) as found:
        opened(found.host).request("GET", "/v2/m", PUSH)
        assert all("Authorization" not in one.headers for one in found.requests)


def test_a_host_without_a_registry_is_named():
    page = StubAnswer(404, content=b"<html>")
    with stub(lambda _: page) as found, pytest.raises(PackageError) as refused:
        opened(found.host).request("GET", "/v2/m/x", PUSH)
    assert "expected a container registry at /v2/, got 404 <html>" in refused.value.message


def test_a_host_that_does_not_answer_is_tried_five_times():
    with stub(lambda _: OK) as found:
        host = found.host
    waits: list[float] = []
    with pytest.raises(PackageError, match="no answer from the registry"):
        opened(host, waits).request("GET", "/v2/", ())
    assert len(waits) == TRIES - 1
    assert all(0.25 * 2**n <= wait <= 0.5 * 2**n for n, wait in enumerate(waits))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_an_overloaded_registry_is_asked_again(status: int):
    answers = [StubAnswer(status), StubAnswer(status), OK]

    def script(asked: StubRequest) -> StubAnswer:
        return OK if asked.path == "/v2/" else answers.pop(0)

    with stub(script) as found:
        assert opened(found.host).request("GET", "/v2/m/x", PUSH).content == b"{}"


@pytest.mark.parametrize(
    ("told", "least", "most"),
    [("7", 7, 7), ("3600", 60, 60), ("0", 0, 0.5), ("soon", 0, 0.5), ("-3", 0, 0.5)],
)
def test_retry_after_is_kept_up_to_a_minute(told: str, least: float, most: float):
    answers = [StubAnswer(429, {"Retry-After": told}), OK]

    def script(asked: StubRequest) -> StubAnswer:
        return OK if asked.path == "/v2/" else answers.pop(0)

    waits: list[float] = []
    with stub(script) as found:
        opened(found.host, waits).request("GET", "/v2/m/x", PUSH)
    assert len(waits) == 1
    assert least <= waits[0] <= most


def test_retry_after_may_be_a_date():
    told = formatdate(time.time() + 30, usegmt=True)
    answers = [StubAnswer(503, {"Retry-After": told}), OK]
    waits: list[float] = []
    with stub(lambda asked: OK if asked.path == "/v2/" else answers.pop(0)) as found:
        opened(found.host, waits).request("GET", "/v2/m/x", PUSH)
    assert 1 < waits[0] <= 30


@pytest.mark.slow
def test_a_request_with_a_body_is_sent_once():
    with stub(lambda asked: OK if asked.path == "/v2/" else StubAnswer(503)) as found:
        session = opened(found.host)
        assert session.request("PUT", "/v2/m/x", PUSH, body=lambda: b"x").status == 503
        assert len(found.requests) == 2
        with cutting_proxy(found.host) as proxy:
            behind = opened(proxy.host)
            behind.request("GET", "/v2/m", PUSH)
            proxy.left = 0
            with pytest.raises(BrokenTransferError):
                behind.request("PUT", "/v2/m/x", PUSH, body=lambda: b"x")


def test_an_answer_is_bounded():
    large = StubAnswer(200, content=b"x" * 70_000)
    with stub(lambda _: large) as found, pytest.raises(PackageError, match="at most 65,536 bytes"):
        opened(found.host).request("GET", "/v2/m", PUSH)


def test_a_redirect_is_followed_without_the_login(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(make_certificates(tmp_path)))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with stub(lambda _: StubAnswer(200, content=b"blob"), tmp_path) as storage:

        def script(asked: StubRequest) -> StubAnswer:
            if "Authorization" not in asked.headers:
                return StubAnswer(401, {"WWW-Authenticate": "Basic realm=x"})
            if asked.path == "/v2/m/here":
                return StubAnswer(307, {"Location": "/v2/m/there"})
            return StubAnswer(307, {"Location": f"https://{storage.host}/data?signed=1"})

        with stub(script) as found:
            logins = {found.host: login("ada", "s3"), storage.host: login("bob", "s3")}
            monkeypatch.setenv("DOCKER_CONFIG", docker_config(tmp_path / "d", {"auths": logins}))
            session = opened(found.host)
            assert session.request("GET", "/v2/m/here", PUSH).content == b"blob"
            with session.stream("/v2/m/here", PUSH, {"Range": "bytes=0-"}) as (answer, chunks):
                assert (answer.status, b"".join(chunks)) == (200, b"blob")
            assert [one.path for one in found.requests[-2:]] == ["/v2/m/here", "/v2/m/there"]
            assert all("Authorization" in one.headers for one in found.requests[1:])
        assert len(storage.requests) == 2
        assert all("Authorization" not in one.headers for one in storage.requests)


def test_no_redirect_leads_from_tls_to_plain_http(tmp_path: Path, monkeypatch):
    authority = str(make_certificates(tmp_path))
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, authority)
    with stub(lambda _: OK) as other:

        def script(asked: StubRequest) -> StubAnswer:
            if asked.path == "/v2/":
                return OK
            return StubAnswer(307, {"Location": f"http://{other.host}/secret?token=1"})

        with stub(script, tmp_path) as found, pytest.raises(PackageError) as refused:
            opened(found.host).request("GET", "/v2/m", PUSH)
        assert f"expected an https address to follow, got http://{other.host}/secret" in (
            refused.value.message
        )
        assert other.requests == []


def test_redirects_end():
    def script(asked: StubRequest) -> StubAnswer:
        return OK if asked.path == "/v2/" else StubAnswer(302, {"Location": asked.path + "x"})

    with stub(script) as found, pytest.raises(PackageError, match="more than 5 redirects"):
        opened(found.host).request("GET", "/v2/m", PUSH)


@pytest.mark.slow
def test_tokens_of_three_uses_are_renewed():
    uses: dict[str, int] = {}

    def script(asked: StubRequest) -> StubAnswer:
        if asked.path.startswith("/token"):
            name = f"t{len(uses)}"
            uses[name] = 3
            return StubAnswer(200, content=b'{"token": "%s", "expires_in": 300}' % name.encode())
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if uses.get(token, 0) == 0:
            realm = f'Bearer realm="http://{asked.headers["Host"]}/token",service="r"'
            return StubAnswer(401, {"WWW-Authenticate": realm})
        uses[token] -= 1
        return StubAnswer(200, content=asked.body)

    with stub(script) as found:
        session = opened(found.host)
        for n in range(20):
            content = b"%d" % n
            answer = session.request("PUT", "/v2/m/x", PUSH, body=lambda text=content: text)
            assert answer.content == content
    assert len(uses) == 7


def test_a_token_that_is_never_good_ends_in_a_401():
    def script(asked: StubRequest) -> StubAnswer:
        if asked.path.startswith("/token"):
            return StubAnswer(200, content=b'{"token": "t"}')
        realm = f'Bearer realm="http://{asked.headers["Host"]}/token"'
        return StubAnswer(401, {"WWW-Authenticate": realm})

    with stub(script) as found:
        session = opened(found.host)
        assert session.request("GET", "/v2/m/x", PUSH).status == 401
        message = session.authorization.denied("push in m").message
    assert message == f"{found.host}: an anonymous request may not push in m"
