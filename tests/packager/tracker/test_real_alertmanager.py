"""Random schedules through a real Alertmanager: silences, a renamed rule, lost messages, a kill.

After it, and after one comparison, what is open is what Alertmanager has.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from real_prometheus import alertmanager, free_port

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        not (shutil.which("prometheus-alertmanager") and shutil.which("amtool")),
        reason="no alertmanager and amtool here",
    ),
]
SETTLE = 8.0
SERVE = """
import sys
from pathlib import Path
from packager.tracker.notify.config import ServiceConfig
from packager.tracker.service.run import start
from packager.tracker.service.settings import ServiceSettings
state, port, alertmanager, settle = sys.argv[1:]
settings = ServiceSettings(alertmanager=alertmanager, reconcile_seconds=0.5, look_seconds=0.3,
                           settle_seconds=float(settle))
start(Path(state), "127.0.0.1", int(port), settings, ServiceConfig()).run()
"""
NAMES = ["carat", "depth", "table", "price"]
RULES = ("FeatureDrift", "InputDrift")
"""The name of the rule, and the one that it gets."""
LOST = 0.4
"""The share of messages that are lost on the way."""


class LossyWebhook(ThreadingHTTPServer):
    """Between Alertmanager and the service: it says that it delivered what it lost."""

    def __init__(self, target: str, chance: random.Random) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.chance = chance
        self.lost = 0

    @contextmanager
    def running(self) -> Iterator[str]:
        thread = threading.Thread(target=self.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{self.server_address[1]}"
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: LossyWebhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        status = 200
        if self.server.chance.random() < LOST:
            self.server.lost += 1
        else:
            kept = {name: self.headers[name] for name in ("authorization", "content-type")}
            try:
                url = f"{self.server.target}{self.path}"
                status = requests.post(url, body, headers=kept, timeout=30).status_code
            except requests.ConnectionError:
                status = 503  # the service was killed; Alertmanager tries again
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass
class Place:
    """The real Alertmanager, the service beside it, and what Prometheus would hold."""

    folder: Path
    port: int = field(default_factory=free_port)
    service_port: int = field(default_factory=free_port)
    firing: dict[str, str] = field(default_factory=dict)
    silences: dict[str, str] = field(default_factory=dict)
    rule: str = RULES[0]
    webhook: str = ""
    """Where Alertmanager sends; empty: to the service."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def service_url(self) -> str:
        return f"http://127.0.0.1:{self.service_port}"

    @property
    def token(self) -> str:
        return (self.folder / "state/admin.token").read_text().strip()

    @contextmanager
    def alertmanager(self) -> Iterator[None]:
        hook = {
            "url": f"{self.webhook or self.service_url}/webhooks/alertmanager",
            "send_resolved": True,
            "http_config": {
                "authorization": {"credentials_file": str(self.folder / "state/admin.token")}
            },
        }
        config = {
            "route": {
                "receiver": "tracker",
                "group_by": ["..."],
                "group_wait": "100ms",
                "group_interval": "1s",
                "repeat_interval": "2s",
            },
            "receivers": [{"name": "tracker", "webhook_configs": [hook]}],
        }
        path = self.folder / "alertmanager.yml"
        path.write_text(yaml.safe_dump(config))
        with alertmanager(self.folder, path, self.port):
            yield

    @contextmanager
    def service(self) -> Iterator[subprocess.Popen[bytes]]:
        state = self.folder / "state"
        command = [sys.executable, "-c", SERVE, str(state), str(self.service_port), self.url]
        with (self.folder / "service.log").open("ab") as log:
            process = subprocess.Popen([*command, str(SETTLE)], stdout=log, stderr=log)
        try:
            until(lambda: self._is_ready(process), 60)
            yield process
        finally:
            process.kill()
            process.wait(30)

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, (self.folder / "service.log").read_text()[-3000:]
        try:
            return requests.get(f"http://127.0.0.1:{self.service_port}/readyz", timeout=60).ok
        except requests.ConnectionError:
            return False

    def send(self, *names: str, seconds: float = 3_600) -> None:
        """What Prometheus sends about alerts: again and again while they fire, and at their end.

        ``seconds``: how long Alertmanager counts on them without another message.
        """
        now = datetime.now(UTC)
        body = [
            {
                "labels": {
                    "alertname": self.rule, "model": "shop", "version": "1", "feature": name,
                },
                "startsAt": self.firing[name],
                "endsAt": (now + timedelta(seconds=seconds)).isoformat(),
            }
            for name in names
        ]  # fmt: skip
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts", json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )  # fmt: skip
        urllib.request.urlopen(request, timeout=30).close()

    def silence(self, name: str) -> None:
        words = ["silence", "add", f"feature={name}", "-d", "1h", "-c", "known", "-a", "ann"]
        self.silences[name] = self._amtool(*words).strip()

    def unsilence(self, name: str) -> None:
        self._amtool("silence", "expire", self.silences.pop(name))

    def _amtool(self, *words: str) -> str:
        command = ["amtool", f"--alertmanager.url={self.url}", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def held(self) -> dict[str, bool]:
        """Rule and input of the alerts that Alertmanager has → whether they are silenced."""
        found = requests.get(f"{self.url}/api/v2/alerts", timeout=30).json()
        return {
            f"{one['labels']['alertname']} {one['labels']['feature']}": bool(
                one["status"]["silencedBy"]
            )
            for one in found
        }

    def issues(self, state: str = "open") -> list[dict[str, Any]]:
        answer = requests.get(
            f"http://127.0.0.1:{self.service_port}/api/v1/issues",
            {"state": state, "limit": "200"},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        answer.raise_for_status()
        return list(answer.json()["issues"])

    def observed(self) -> dict[str, bool]:
        """Rule and input of issues that go on → whether they say that they are silenced."""
        return {
            f"{one['kind']} {one['subject'].removeprefix('feature=')}": one["muted"].startswith(
                "silenced"
            )
            for one in self.issues("all")
            if one["firing"]
        }


def until(condition: Callable[[], bool], seconds: float = 45) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not after {seconds} s"
        time.sleep(0.1)


@pytest.mark.parametrize(
    "seed", [2026, *(pytest.param(seed, marks=pytest.mark.long) for seed in (7, 19))]
)
def test_what_is_open_is_what_alertmanager_has(tmp_path: Path, seed: int) -> None:
    place, chance = Place(tmp_path), random.Random(seed)
    with ExitStack() as stack:
        lossy = LossyWebhook(place.service_url, random.Random(seed))
        place.webhook = stack.enter_context(lossy.running())
        running = ExitStack()
        stack.callback(lambda: running.close())
        running.enter_context(place.service())
        sources = ExitStack()
        stack.callback(lambda: sources.close())
        sources.enter_context(place.alertmanager())
        for step in range(24):
            name = chance.choice(NAMES)
            if step == 12:  # killed while messages are under way
                running.close()
                running = ExitStack()
            if step == 18:
                running.enter_context(place.service())
            change(place, name, chance.random())
            time.sleep(chance.random() / 4)
        until(lambda: place.observed() == place.held())
        assert lossy.lost > 0
        assert {one["subject"] for one in place.issues()} >= {f"feature={n}" for n in place.firing}
        # Alertmanager starts again and has its silences, but no alerts until Prometheus sends them.
        before = set(place.observed())
        sources.close()
        sources, started = ExitStack(), time.monotonic()
        sources.enter_context(place.alertmanager())
        assert place.held() == {}
        time.sleep(1.5)
        kept = set(place.observed())
        if time.monotonic() - started < SETTLE:  # else this machine is too slow to tell
            assert kept == before
        # The rule got another name meanwhile: nothing says that alerts of the old one are over.
        place.rule = RULES[1]
        place.send(*place.firing)
        renamed = {f"{RULES[1]} {name}" for name in place.firing}
        until(lambda: place.observed() == place.held() and set(place.held()) == renamed)
        time.sleep(1)
        assert place.observed() == place.held()
        assert {one["kind"] for one in place.issues()} <= {RULES[1]}


def change(place: Place, name: str, chance: float) -> None:
    """One thing that happens to the alert about an input."""
    if chance < 0.3:
        if name in place.silences:
            place.unsilence(name)
        else:
            place.silence(name)
    elif name in place.firing:
        place.send(name, seconds=0)
        del place.firing[name]
    else:
        place.firing[name] = datetime.now(UTC).isoformat()
        place.send(name)


def test_what_was_acknowledged_to_alertmanager_outlives_a_kill(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with ExitStack() as stack:
        with place.service() as first, place.alertmanager():
            place.firing = {name: datetime.now(UTC).isoformat() for name in NAMES}
            place.send(*NAMES)
            until(lambda: len(place.issues()) == len(NAMES))
            first.send_signal(signal.SIGKILL)
        # Alertmanager is gone as well: only the store can know.
        stack.enter_context(place.service())
        assert {one["subject"] for one in place.issues()} == {f"feature={one}" for one in NAMES}
        assert all(one["events"] == 1 for one in place.issues())
