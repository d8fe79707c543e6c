"""The gateway's configuration: HAProxy takes it, and each route leads to its model."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.gateway import gateway_config
from packager.image.config import PORT

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512)
OTHERS = [DeployedModel(name, "1", "x:1", 3010, 512) for name in ("shop2", "a.b_c", "model")]
FLEET = Fleet({one.name: one for one in (SHOP, *OTHERS)})
needs_haproxy = pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")


def config() -> str:
    return gateway_config(list(FLEET.sorted()), lambda one: one.proxy)


@needs_haproxy
def test_haproxy_takes_it_without_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(config())
    done = subprocess.run(
        ["haproxy", "-c", "-V", "-f", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


def test_no_backend_has_the_name_that_alerts_know_of_a_model_s_proxy() -> None:
    assert "backend model\n" not in config()
    assert "backend to-model\n" in config()


def test_it_waits_longer_than_a_model_s_proxy() -> None:
    assert re.findall(r"timeout (?:client|server) (\w+)", config()) == ["90s", "90s"]


class Telling(BaseHTTPRequestHandler):
    """Answers with its name and the path that it was asked for."""

    name = ""

    def do_GET(self) -> None:
        body = json.dumps([self.name, self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):  # a health check needs the status only
            self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def serving(name: str) -> int:
    handler = type(f"Telling{len(name)}", (Telling,), {"name": name})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_port)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def gateway(folder: Path, absent: str = "") -> Iterator[str]:
    """The address of a gateway whose models' proxies run here, but for ``absent``."""
    port, text = free_port(), config().replace("resolvers docker resolve-prefer ipv4", "")
    for one in FLEET.sorted():
        its = free_port() if one.name == absent else serving(one.name)
        text = text.replace(f" {one.proxy}:{PORT} ", f" 127.0.0.1:{its} ")
    text = re.sub(r"\nfrontend metrics\n(?:  .*\n)+", "\n", text)
    text = text.replace(f"bind :{PORT}", f"bind 127.0.0.1:{port}")
    text = text.replace(" init-addr none", "").replace("check inter 3s", "check inter 50ms")
    (folder / "haproxy.cfg").write_text(text)
    with subprocess.Popen(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]) as proxy:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            proxy.terminate()


def asked(url: str, body: bytes | None = None) -> tuple[int, object]:
    """Status and document; waits until the gateway listens."""
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, body, timeout=60) as answer:
                return int(answer.status), json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@needs_haproxy
def test_each_route_leads_to_its_model(tmp_path: Path) -> None:
    with gateway(tmp_path) as at:
        for path, name, inside in (
            ("/models/shop/predict", "shop", "/predict"),
            ("/models/shop/predict?age=3", "shop", "/predict?age=3"),
            ("/models/shop2/v2/models/shop2", "shop2", "/v2/models/shop2"),
            ("/models/a.b_c/", "a.b_c", "/"),
            ("/v2/models/shop/infer", "shop", "/v2/models/shop/infer"),
            ("/v2/models/shop2/versions/1/infer", "shop2", "/v2/models/shop2/versions/1/infer"),
            ("/v2/models/model", "model", "/v2/models/model"),
            ("/v1/models/shop2:predict", "shop2", "/v1/models/shop2:predict"),
        ):
            assert asked(at + path, b"{}") == (200, [name, inside])
        names = {"models": ["a.b_c", "model", "shop", "shop2"]}
        assert asked(f"{at}/models") == asked(f"{at}/v2/models") == (200, names)
        told = "expected /models/NAME/ROUTE or /v2/models/NAME/ROUTE, NAME: "
        told += ", ".join(names["models"])
        for path in ("/predict", "/models/shop", "/models/aXb_c/predict", "/v2/models/sho/infer"):
            assert asked(at + path) == (404, {"error": told})


@pytest.mark.slow
@needs_haproxy
def test_it_is_ready_once_each_model_is(tmp_path: Path) -> None:
    with gateway(tmp_path) as at:
        assert asked(f"{at}/readyz") == asked(f"{at}/v2/health/ready") == (200, {"ready": True})
        assert asked(f"{at}/v2/health/live") == (200, {"live": True})
    with gateway(tmp_path, absent="shop") as at:
        until = time.monotonic() + 30
        while asked(f"{at}/readyz")[0] == 200 and time.monotonic() < until:
            time.sleep(0.05)
        assert asked(f"{at}/readyz") == (503, {"error": "shop has no replica that is ready"})
        assert asked(f"{at}/models/shop2/predict")[0] == 200
