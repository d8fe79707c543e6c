"""API keys, and the access log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from serving_helpers import Package, Server

pytestmark = pytest.mark.server

SECRET_ROW = {"carat": 123.25, "color": "Alice Liddell", "tables": 55}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def ask(
    server: Server, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str]]:
    url = f"http://127.0.0.1:{server.port}{path}"
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, headers=names)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, dict(reply.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)


@pytest.fixture(scope="module")
def guarded(
    package: Package,
    start_shared: Callable[..., Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> Server:
    keys = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text("first\nsecond\n")
    return start_shared(
        package,
        MODEL_API_KEYS_FILE=str(keys),
        MODEL_ACCESS_LOG="all",
        MODEL_WORKERS="1",
    )


@pytest.mark.parametrize(
    "path",
    [
        *("/predict", "/invocations", "/feedback", "/v2/models/none/infer", "/none"),
        *("/schema", "/package", "/docs", "/docs.json", "/openapi.json", "/v2", "/metrics"),
        *("/metrics/", "//metrics", "/Metrics", "/metrics%00"),
    ],
)
def test_without_a_key_only_health_is_reported(guarded: Server, path: str) -> None:
    status, headers = ask(guarded, path, Authorization="Bearer wrong")
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert ask(guarded, path)[0] == 401


@pytest.mark.parametrize(
    "path", ["/healthz", "/livez", "/readyz", "/ping", "/v2/health/live", "/v2/health/ready"]
)
def test_health_is_open(guarded: Server, path: str) -> None:
    assert ask(guarded, path)[0] == 200


@pytest.mark.parametrize("key", ["first", "second"])
def test_each_key_opens_everything(guarded: Server, key: str) -> None:
    body = json.dumps({"rows": [SECRET_ROW]}).encode()
    assert ask(guarded, "/predict", body, Authorization=f"Bearer {key}")[0] == 200
    assert ask(guarded, "/metrics", Authorization=f"Bearer {key}")[0] == 200


def test_requests_are_logged_with_their_trace_and_without_their_rows(guarded: Server) -> None:
    given = {"X_Request_Id": "order-17", "Traceparent": PARENT, "Authorization": "Bearer first"}
    body = json.dumps({"rows": [SECRET_ROW, SECRET_ROW]}).encode()
    status, headers = ask(guarded, "/predict", body, **given)
    assert (status, headers["x-request-id"], headers["traceparent"]) == (200, "order-17", PARENT)
    bad = json.dumps({"rows": [{**SECRET_ROW, "tables": "Cheshire"}]}).encode()
    assert ask(guarded, "/predict", bad, **given)[0] == 422
    assert ask(guarded, "/Wonderland", **given)[0] == 404
    until = time.monotonic() + 30  # a line is written after its answer is sent
    while guarded.log.read_text().count("order-17") < 3 and time.monotonic() < until:
        time.sleep(0.05)
    text = guarded.log.read_text()
    for secret in ("Alice", "Liddell", "123.25", "Cheshire", "Wonderland", "first"):
        assert secret not in text
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    found = [line for line in lines if line.get("request_id") == "order-17"]
    told = [(line["route"], line["status"], line["rows"]) for line in found]
    assert told == [("/predict", 200, 2), ("/predict", 422, 0), ("other", 404, 0)]
    assert {line["trace_id"] for line in found} == {"0af7651916cd43dd8448eb211c80319c"}
    assert all(line["milliseconds"] > 0 and line["method"] for line in found)


def test_every_answer_has_an_id(guarded: Server) -> None:
    for path in ("/readyz", "/schema", "/ping"):
        assert ask(guarded, path)[1]["x-request-id"]


def test_a_server_without_the_keys_it_was_promised_does_not_start(
    package: Package, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "MODEL_ROOT": str(package.root),
        "MODEL_API_KEYS_FILE": str(tmp_path / "absent"),
    }
    run = subprocess.run(
        [sys.executable, "-m", "serving"], env=environment, capture_output=True, text=True
    )
    assert run.returncode == 2
    told = json.loads(run.stderr)
    assert told["message"].startswith("MODEL_API_KEYS_FILE: expected a readable file, got")
    assert told["hint"]
