"""A real Prometheus and Alertmanager on 127.0.0.1, and queries to them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

START_SECONDS = 60


@dataclass(frozen=True)
class Prometheus:
    url: str

    def ask(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series of an instant query."""
        body = urllib.parse.urlencode({"query": query}).encode()
        with urllib.request.urlopen(f"{self.url}/api/v1/query", body, timeout=30) as answer:
            result = json.load(answer)["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def together(self, *series: str) -> list[dict[str, float]]:
        """Each of ``series``: value by its label ``bin``, if any, of the last moment that has all.

        Rules of one group have one moment, though they are evaluated one after the other.
        """
        found = [self._recorded(name) for name in series]
        moments = [set(values) for samples in found for values in samples.values()]
        last = max(set.intersection(*moments))
        return [{key: values[last] for key, values in samples.items()} for samples in found]

    def _recorded(self, series: str) -> dict[str, dict[float, float]]:
        """Label ``bin``, or an empty text → the values of the last minute by their moment."""
        query = urllib.parse.urlencode({"query": f"{series}[1m]"})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=30) as answer:
            result = json.load(answer)["data"]["result"]
        return {
            found["metric"].get("bin", ""): {at: float(value) for at, value in found["values"]}
            for found in result
        }

    def value(self, query: str) -> float:
        ((_, value),) = self.ask(query)
        return value

    def until(self, query: str, seconds: float = 30) -> list[tuple[dict[str, str], float]]:
        """The result of ``query``, once it is not empty."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.ask(query):
                return found
            time.sleep(0.2)
        raise AssertionError(f"Prometheus has nothing for {query} after {seconds} s")

    def until_recorded(self, series: str, seconds: float = 60) -> None:
        """Wait until rules have recorded all of ``series`` again, with what was scraped so far."""
        now = self.value("vector(time())")
        self.until(f"min(timestamp({series})) > {now}", seconds)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def prometheus(
    folder: Path,
    jobs: Mapping[str, list[str]],
    rules: Mapping[str, Any] | None = None,
    seconds: int = 1,
    alertmanager: str | None = None,
) -> Iterator[Prometheus]:
    """Scrape ``jobs`` (name → host:port of each replica) every ``seconds``, with ``rules``.

    Alerts go to ``alertmanager`` (host:port).
    """
    every = f"{seconds}s"
    config = {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": ["rules.yml"] if rules else [],
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": targets}]}
            for name, targets in jobs.items()
        ],
    }
    if alertmanager:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    if rules:
        quick = [{**group, "interval": every} for group in rules["groups"]]
        (folder / "rules.yml").write_text(yaml.safe_dump({"groups": quick}))
    with configured_prometheus(folder, folder / "prometheus.yml") as server:
        yield server


@contextmanager
def configured_prometheus(
    folder: Path, config: Path, port: int | None = None
) -> Iterator[Prometheus]:
    """A real Prometheus with this configuration; its data are in ``folder``."""
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        # The first alert may be sent before Alertmanager is discovered.
        "--rules.alert.resend-delay=1s",
    ]
    with _started(command, folder / "log", port) as address:
        yield Prometheus(f"http://{address}")


@contextmanager
def alertmanager(folder: Path, config: Path, port: int | None = None) -> Iterator[str]:
    """A real Alertmanager with this configuration; yields ``host:port``.

    Started again in the same folder and on the same ``port`` it has its silences, but no alerts.
    """
    command = [
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={folder / 'alerts'}",
        "--cluster.listen-address=",
    ]
    with _started(command, folder / "alertmanager.log", port) as address:
        yield address


@contextmanager
def _started(command: list[str], log: Path, port: int | None = None) -> Iterator[str]:
    """Run Prometheus or Alertmanager while the block runs; yields ``host:port`` once ready."""
    address = f"127.0.0.1:{port or free_port()}"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*command, f"--web.listen-address={address}"], stdout=written, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, f"http://{address}", log)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} isn't ready:\n{log.read_text()[-2000:]}")
