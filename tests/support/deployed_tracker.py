"""Prometheus, Alertmanager and issue tracker as `deploy monitoring` configures them, run here."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml
from command import PACKAGE
from real_prometheus import Prometheus, alertmanager, configured_prometheus, free_port

from packager.deploy.prometheus.issue_service import JOB
from packager.deploy.tracker import ADDRESS, INSIDE, READ_TOKEN, TOKEN

TRACKER, ALERTS, METRICS = "issues", "alertmanager", "prometheus"


def _free_ports() -> dict[str, int]:
    return {name: free_port() for name in (TRACKER, ALERTS, METRICS)}


@dataclass
class DeployedTracker:
    """The processes of a generated folder, but for the model's."""

    prometheus: Prometheus
    url: str
    login_url: str
    token: str
    session: requests.Session = field(default_factory=requests.Session)

    def issues(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Every issue, by its kind and subject."""
        answer = requests.get(
            f"{self.url}/api/v1/issues",
            {"state": "all", "limit": "200"},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        answer.raise_for_status()
        return {(one["kind"], one["subject"]): one for one in answer.json()["issues"]}

    def page(self, number: int) -> str:
        """The page of an issue, after a login by the address that the service printed."""
        if not self.session.cookies:
            self.session.get(self.login_url, timeout=30).raise_for_status()
        answer = self.session.get(f"{self.url}/issues/{number}", timeout=30)
        answer.raise_for_status()
        return answer.text


@contextmanager
def deployed_tracker(
    out: Path, folder: Path, model: str, served: str, waits: dict[str, str]
) -> Iterator[DeployedTracker]:
    """Run what ``out`` configures, with the server of ``model`` at ``served``.

    Addresses are replaced in the files, and how long the alerts ``waits`` wait.
    """
    ports = _free_ports()
    _replace_addresses(out, model, served, ports)
    _replace_waits(out / f"prometheus/rules/{model}.yml", waits)
    options = [
        *("--port", ports[TRACKER], "--queries", out / "issues"),
        *("--report-token-file", out / TOKEN, "--read-token-file", out / READ_TOKEN),
        *_time_scale(out),
        *(f"--{name}=http://127.0.0.1:{ports[name]}" for name in (ALERTS, METRICS)),
    ]
    with (
        _serve(folder / "state", options) as told,
        alertmanager(folder, out / "alertmanager/alertmanager.yml", ports[ALERTS]),
        configured_prometheus(folder, out / "prometheus/prometheus.yml", ports[METRICS]) as server,
    ):
        server.until(f'up{{job="{model}"}} == 1 and on () up{{job="{JOB}"}} == 1')
        token = Path(told["token_file"]).read_text(encoding="utf-8").strip()
        yield DeployedTracker(server, told["url"], told["login_url"], token)


@contextmanager
def _serve(state: Path, options: list[object]) -> Iterator[dict[str, str]]:
    """``package issues serve``; yields the JSON that it prints."""
    command = [PACKAGE, "issues", "serve", "--state", state, "--json", *options]
    log = state.parent / "issues.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    try:
        told = process.stdout.readline()
        assert told, log.read_text()
        yield json.loads(told)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        process.stdout.close()


def _time_scale(out: Path) -> list[str]:
    """The option of the generated service."""
    command = yaml.safe_load((out / "compose.yml").read_text())["services"][JOB]["command"]
    return [one for one in command if one.startswith("--time-scale=")]


def _replace_addresses(out: Path, model: str, served: str, ports: dict[str, int]) -> None:
    file = out / "prometheus/prometheus.yml"
    config = yaml.safe_load(file.read_text())
    targets = {model: served, JOB: f"127.0.0.1:{ports[TRACKER]}"}
    # No proxy runs here.
    config["scrape_configs"] = [
        one for one in config["scrape_configs"] if one["job_name"] in targets
    ]
    for job in config["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
        job |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
    (alerting,) = config["alerting"]["alertmanagers"]
    alerting["static_configs"] = [{"targets": [f"127.0.0.1:{ports[ALERTS]}"]}]
    file.write_text(yaml.safe_dump(config))
    file = out / "alertmanager/alertmanager.yml"
    text = file.read_text()
    here = {ADDRESS: f"http://127.0.0.1:{ports[TRACKER]}", INSIDE: str(out / TOKEN)}
    for there, place in here.items():
        assert text.count(there) == 1
        text = text.replace(there, place)
    file.write_text(text)


def _replace_waits(file: Path, waits: dict[str, str]) -> None:
    document = yaml.safe_load(file.read_text())
    for rule in (rule for group in document["groups"] for rule in group["rules"]):
        if rule.get("alert") in waits:
            rule["for"] = waits[rule["alert"]]
    file.write_text(yaml.safe_dump(document))
