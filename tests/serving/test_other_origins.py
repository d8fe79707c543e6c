"""Pages of other origins: what a browser lets them read, and what it does not."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import in_page, needs_browser, other_site
from serving_helpers import Package, Reply, Server

pytestmark = pytest.mark.server

ROW = {"carat": 0.5, "color": "E", "tables": 55}
PREDICT = """
(async () => {
  const told = [];
  for (const [path, options] of REQUESTS) {
    try {
      const answer = await fetch("http://127.0.0.1:PORT" + path, options);
      const text = await answer.text();
      told.push([answer.status, answer.headers.get("x-request-id"), text.slice(0, 4000)]);
    } catch (error) {
      told.push([0, null, String(error)]);
    }
  }
  return told;
})()
"""


def post(body: Any, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    told = {"Content-Type": "application/json", "X-Request-Id": "from-page", **named}
    return {"method": "POST", "body": json.dumps(body), "headers": told}


def fetched(origin: str, server: Server, *requests: tuple[str, dict[str, Any]]) -> list[Any]:
    """Status, request id and text that a page of ``origin`` can read, or 0 and the error."""
    script = PREDICT.replace("PORT", str(server.port)).replace("REQUESTS", json.dumps(requests))
    found: list[Any] = in_page(f"{origin}/", script)
    return found


def ask(server: Server, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, names)
    reply = connection.getresponse()
    found = Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
    connection.close()
    return found


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with other_site() as origin:
        yield origin


@pytest.fixture(scope="module")
def listed(
    package: Package,
    site: str,
    start_shared: Callable[..., Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> Server:
    """A server with keys that one other site may use."""
    keys = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text("secret\n")
    return start_shared(
        package,
        MODEL_CORS_ORIGINS=f"https://shop.example,{site}",
        MODEL_API_KEYS_FILE=str(keys),
        MODEL_WORKERS="1",
    )


@needs_browser
def test_a_page_of_a_listed_origin_reads_answers_and_errors(site: str, listed: Server) -> None:
    key = {"Authorization": "Bearer secret"}
    good, bad, unkeyed, missing = fetched(
        site,
        listed,
        ("/predict", post({"rows": [ROW]}, **key)),
        ("/predict", post({"rows": [{**ROW, "carat": "x"}]}, **key)),
        ("/predict", post({"rows": [ROW]})),
        ("/none", {"headers": key}),
    )
    assert good[:2] == [200, "from-page"]
    assert json.loads(good[2])["predictions"]
    assert bad[:2] == [422, "from-page"]
    assert json.loads(bad[2])["error"]["column"] == "carat"
    assert unkeyed[0] == 401
    assert missing[0] == 404


@needs_browser
def test_a_page_of_another_origin_reads_nothing(site: str, listed: Server, server: Server) -> None:
    elsewhere = site.replace("127.0.0.1", "localhost")  # another host is another origin
    for asked in (listed, server):  # one allows another site, the other none
        [found] = fetched(elsewhere, asked, ("/predict", post({"rows": [ROW]})))
        assert found == [0, None, "TypeError: Failed to fetch"]


def test_headers_of_every_kind_of_answer(site: str, listed: Server) -> None:
    body = json.dumps({"rows": [ROW] * 60}).encode()
    key = {"Authorization": "Bearer secret"}
    for method, path, sent in (
        ("POST", "/predict", body),
        ("POST", "/predict", b"x"),
        ("GET", "/schema", None),
        ("GET", "/none", None),
        ("GET", "/metrics", None),
        ("GET", "/readyz", None),
        ("GET", "/static_content/swagger-ui.css", None),
        ("OPTIONS", "/predict", None),
    ):
        found = ask(listed, method, path, sent, Origin=site, Accept_Encoding="gzip", **key)
        assert found.headers["access-control-allow-origin"] == site, path
        assert "x-request-id" in found.headers["access-control-expose-headers"]
        assert "Origin" in found.headers["vary"], path
        for others in ({}, {"Origin": "https://evil.example"}):
            found = ask(listed, method, path, sent, **others, **key)
            assert "access-control-allow-origin" not in found.headers, path
            assert "Origin" in found.headers["vary"], path
        assert "access-control-allow-credentials" not in found.headers


def test_a_preflight_needs_no_key_and_tells_nothing_of_the_path(site: str, listed: Server) -> None:
    asked = {"Access_Control_Request_Method": "POST"}
    told = [
        ask(listed, "OPTIONS", path, Origin=site, **asked) for path in ("/predict", "/none", "/")
    ]
    for found in told:
        assert (found.status, found.body) == (204, b"")
        assert found.headers["access-control-allow-origin"] == site
        assert found.headers["access-control-allow-methods"] == "GET, HEAD, POST"
        assert "authorization" in found.headers["access-control-allow-headers"]
        assert found.headers["access-control-max-age"] == "7200"
        assert "allow" not in found.headers
    assert ask(listed, "OPTIONS", "/predict", Origin="https://evil.example", **asked).status == 401


def test_by_default_there_are_no_such_headers(server: Server) -> None:
    found = ask(server, "GET", "/schema", Origin="https://shop.example")
    assert not [name for name in found.headers if name.startswith("access-control")]
    asked = {"Origin": "https://shop.example", "Access_Control_Request_Method": "POST"}
    found = ask(server, "OPTIONS", "/predict", **asked)
    assert (found.status, found.headers["allow"]) == (204, "POST, OPTIONS")
    assert not [name for name in found.headers if name.startswith("access-control")]


@needs_browser
def test_any_origin_if_all_are_allowed(
    site: str, package: Package, start_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = start_server(package, MODEL_CORS_ORIGINS="*", MODEL_WORKERS="1")
    assert ask(server, "GET", "/schema").headers["access-control-allow-origin"] == "*"
    [found] = fetched(site, server, ("/predict", post({"rows": [ROW]})))
    assert found[:2] == [200, "from-page"]
    body = {"instances": [ROW]}
    [found] = fetched(site, server, ("/v1/models/diamonds:predict", post(body)))
    assert found[0] == 200
