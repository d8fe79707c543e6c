"""An alert through real programs: generated rules, Prometheus, generated Alertmanager routes."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_prometheus import alertmanager, free_port, prometheus

from packager.deploy import generated_folder
from packager.deploy.compose.deploy import compose_files
from packager.deploy.fleet import DeployedModel, Fleet
from packager.deploy.monitoring import model_files
from packager.deploy.prometheus.rules import MonitoredModel

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        not (shutil.which("prometheus") and shutil.which("prometheus-alertmanager")),
        reason="no prometheus and alertmanager here",
    ),
]
MODEL = MonitoredModel("shop", "1.0.0-3f9c12ab45de", "classification", ("__all__",), ("carat",))


def alerts(address: str, until: Callable[[list[Any]], bool]) -> list[Any]:
    """What Alertmanager holds, as soon as ``until`` says so."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with urllib.request.urlopen(f"http://{address}/api/v2/alerts", timeout=30) as answer:
            found: list[Any] = json.load(answer)
        if until(found):
            return found
        time.sleep(0.2)
    raise AssertionError(f"alertmanager holds {found}")


def write_all(out: Path) -> dict[str, str]:
    fleet = Fleet({}).with_model(DeployedModel(MODEL.name, MODEL.version, "shop:1", 0, 512))
    files = {**model_files(MODEL), **compose_files(fleet)}
    generated_folder.write(out, files, fleet.notes)
    return files


def test_a_missing_replica_sends_a_page(tmp_path: Path) -> None:
    files = write_all(tmp_path / "out")
    rules = yaml.safe_load(files["prometheus/rules/shop.yml"])
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = "0s"
    nobody = f"127.0.0.1:{free_port()}"
    with (
        alertmanager(tmp_path, tmp_path / "out/alertmanager/alertmanager.yml") as address,
        prometheus(tmp_path, {"shop": [nobody]}, rules, alertmanager=address),
    ):
        (page,) = alerts(address, bool)
    assert page["labels"] == {
        "alertname": "TargetDown",
        "job": "shop",
        "model": "shop",
        "priority": "1",
        "severity": "page",
    }
    told = page["annotations"]
    assert told["summary"] == "No replica of shop can be scraped"
    assert told["value"] == "1"
    assert told["dashboard"].startswith("http://127.0.0.1:3100/d/model-")
    assert told["dashboard"].endswith("?var-model=shop&var-version=")
    assert page["receivers"] == [{"name": "issues"}]


def test_a_page_keeps_its_ticket_quiet_and_no_other(tmp_path: Path) -> None:
    write_all(tmp_path / "out")
    common = {"model": "shop", "version": MODEL.version}
    given = [
        {**common, "alertname": "RequestsSlow", "severity": "page"},
        {**common, "alertname": "RequestsSlow", "severity": "ticket"},
        {**common, "alertname": "RequestsFailed", "severity": "ticket"},
        {**common, "version": "older", "alertname": "RequestsSlow", "severity": "ticket"},
    ]
    begun = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    sent = [{"labels": labels, "startsAt": begun} for labels in given]
    with alertmanager(tmp_path, tmp_path / "out/alertmanager/alertmanager.yml") as address:
        request = urllib.request.Request(
            f"http://{address}/api/v2/alerts",
            json.dumps(sent).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=30).close()

        def settled(found: list[Any]) -> bool:
            return [one["status"]["state"] for one in found].count("suppressed") > 0

        found = alerts(address, settled)
    quiet = [one["labels"] for one in found if one["status"]["state"] == "suppressed"]
    assert quiet == [given[1]]
    assert len(found) == len(given)
