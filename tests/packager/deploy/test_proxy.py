"""The proxy's configuration: HAProxy takes it, and weights follow the update."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from packager.deploy.configuration import PROXY_METRICS_PORT
from packager.deploy.fleet import DeployedModel, UpdateCandidate
from packager.deploy.proxy import SLOT_PORTS, proxy_config
from packager.image.config import PORT

SHOP = DeployedModel("shop", "1", "shop:1", 3000, 512)
UPDATED = replace(SHOP, candidate=UpdateCandidate("2", "shop:2", 512, share=0.1))


def backend(config: str, name: str) -> str:
    return re.split(r"\n(?=\w)", config.partition(f"\nbackend {name}\n")[2])[0]


def weights(config: str, name: str) -> dict[str, int]:
    found = re.findall(r"server-template (\w+) .* weight (\d+)", backend(config, name))
    return {slot: int(weight) for slot, weight in found}


def test_all_traffic_goes_to_the_slot_that_serves() -> None:
    assert weights(proxy_config(SHOP), "model") == {"blue": 100, "green": 0}
    assert weights(proxy_config(replace(SHOP, slot="green")), "model") == {"blue": 0, "green": 100}


def test_a_candidate_gets_its_share() -> None:
    assert weights(proxy_config(UPDATED), "model") == {"blue": 90, "green": 10}
    green = replace(UPDATED, slot="green")
    assert weights(proxy_config(green), "model") == {"blue": 10, "green": 90}


def test_each_slot_has_a_port_of_its_own_whatever_its_weight() -> None:
    config = proxy_config(UPDATED)
    for slot, port in SLOT_PORTS.items():
        assert f"frontend {slot}\n  bind :{port}\n  default_backend {slot}\n" in config
        assert weights(config, slot) == {slot: 100}


def test_waits_are_longer_than_the_deadline_of_a_request() -> None:
    config = proxy_config(SHOP, deadline_seconds=60)
    assert re.findall(r"timeout (?:client|server) (\w+)", config) == ["75s", "75s"]


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")
@pytest.mark.parametrize("member", [SHOP, UPDATED, replace(SHOP, name="x" * 99)])
def test_haproxy_takes_it_without_a_warning(member: DeployedModel, tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(proxy_config(member))
    done = subprocess.run(
        ["haproxy", "-c", "-V", "-f", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    assert "Configuration file is valid" in done.stdout


class Answering(BaseHTTPRequestHandler):
    """Is ready; answers predictions, or takes them and hangs."""

    hung = threading.Event()
    hangs = False

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        if self.hangs:
            Answering.hung.set()
            threading.Event().wait(30)
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


class Hanging(Answering):
    hangs = True


def serving(handler: type[Answering]) -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_port)


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")
def test_a_request_to_a_replica_that_hangs_is_answered_by_another(tmp_path: Path) -> None:
    config = re.sub(r"timeout server \w+", "timeout server 500ms", proxy_config(SHOP))
    replicas = [serving(one) for one in (Hanging, Answering)]
    with proxy(config, replicas, tmp_path) as (url, _):
        statuses = {asked(f"{url}/predict", b"{}")[0] for _ in range(20)}
    assert Answering.hung.is_set()
    assert statuses == {200}


@pytest.mark.server
@pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")
def test_probes_before_a_replica_is_ready_are_no_errors_that_alerts_count(tmp_path: Path) -> None:
    with proxy(proxy_config(SHOP), [], tmp_path) as (url, metrics):
        probes = {asked(f"{url}{path}") for path in ("/readyz", "/ping", "/v2/health/live", "/")}
        assert probes == {(503, "no replica is ready")}
        assert counted(metrics, "5xx") == 0
        assert asked(f"{url}/predict", b"{}")[0] == 503
        assert counted(metrics, "5xx") == 1


def counted(metrics: str, code: str) -> float:
    """What alerts count: requests to the backend of all traffic that got an answer of this kind."""
    text = asked(f"{metrics}/metrics")[1]
    name = f'haproxy_backend_http_responses_total{{proxy="model",code="{code}"}}'
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


@contextmanager
def proxy(config: str, replicas: Sequence[int], folder: Path) -> Iterator[tuple[str, str]]:
    """A proxy of ``config`` before ``replicas``, ports: the URLs of its traffic and its metrics."""
    here = ("127.0.0.1", 0)
    with socket.create_server(here) as one, socket.create_server(here) as two:
        port, metrics = one.getsockname()[1], two.getsockname()[1]
    config = config.replace(f"bind :{PORT}", f"bind 127.0.0.1:{port}")
    config = config.replace(f"bind :{PROXY_METRICS_PORT}", f"bind 127.0.0.1:{metrics}")
    config = re.sub(r"\nfrontend (?!model|metrics)[^\n]*\n(?:  .*\n)+", "\n", config)
    config = re.sub(r"  (?:server-template green|stats socket) .*\n", "", config)
    servers = "".join(f"  server s{one} 127.0.0.1:{one} weight 50\n" for one in replicas)
    config = re.sub(r"  server-template blue .*\n", servers, config)
    (folder / "haproxy.cfg").write_text(config)
    with subprocess.Popen(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]) as running:
        try:
            yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}"
        finally:
            running.terminate()


def asked(url: str, body: bytes | None = None) -> tuple[int, str]:
    """Status and text of an answer; waits until the proxy listens."""
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, body, timeout=60) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
