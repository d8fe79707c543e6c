"""A drifted input becomes an issue, and ends: all that `deploy monitoring` writes, and real parts.

Only addresses are replaced in the generated files, and the time that FeatureDrift waits.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
import yaml
from command import NO_ENGINE, PACKAGE, Package, package
from real_prometheus import alertmanager, configured_prometheus, free_port
from replicas import replica
from running_trackers import wait_until

from packager.deploy.tracker import INSIDE, TOKEN
from packager.image.reference import open_reference

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        not (shutil.which("prometheus") and shutil.which("prometheus-alertmanager")),
        reason="no prometheus and alertmanager here",
    ),
]
SHIFT = 40.0
INPUT = "feature=basket"


@contextmanager
def issues_service(state: Path, *options: object) -> Iterator[dict[str, str]]:
    """``package issues serve``; yields the JSON that it prints."""
    command = [PACKAGE, "issues", "serve", "--state", state, "--json", *options]
    with (state.parent / "issues.log").open("wb") as log:
        process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    try:
        told = process.stdout.readline()
        assert told, (state.parent / "issues.log").read_text()
        yield json.loads(told)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        process.stdout.close()


def replace_addresses(out: Path, model: str, served: str, ports: dict[str, int]) -> None:
    """Let the generated configuration name processes of this machine in place of containers."""
    file = out / "prometheus/prometheus.yml"
    config = yaml.safe_load(file.read_text())
    for job in config["scrape_configs"]:
        target = served if job["job_name"] == model else f"127.0.0.1:{ports['issues']}"
        job.pop("dns_sd_configs", None)
        job["static_configs"] = [{"targets": [target]}]
        job |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
    (alerting,) = config["alerting"]["alertmanagers"]
    alerting["static_configs"] = [{"targets": [f"127.0.0.1:{ports['alertmanager']}"]}]
    file.write_text(yaml.safe_dump(config))
    file = out / "alertmanager/alertmanager.yml"
    text = file.read_text()
    assert "http://issues:3080/" in text
    assert INSIDE in text
    text = text.replace("http://issues:3080/", f"http://127.0.0.1:{ports['issues']}/")
    file.write_text(text.replace(INSIDE, str(out / TOKEN)))
    file = out / f"prometheus/rules/{model}.yml"
    rules = yaml.safe_load(file.read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        if rule.get("alert") == "FeatureDrift":
            rule["for"] = "1s"
    file.write_text(yaml.safe_dump(rules))


def test_drift_opens_an_issue_and_its_end_resolves_it(
    local_package: Package, tmp_path: Path
) -> None:
    out = tmp_path / "watch"
    made = ("deploy", "monitoring", local_package.reference, "--output", out, "--time-scale", 60)
    done = package(*made, "--json", env=NO_ENGINE)
    assert done.code == 0, done.err
    (model,) = done.json["models"]
    with open_reference(local_package.reference, None) as built:
        profile = built.profile()
    assert profile is not None
    basket = next(one for one in profile.features if one.name == "basket")
    ports = {name: free_port() for name in ("issues", "alertmanager", "prometheus")}
    service = (
        *("--port", ports["issues"], "--queries", out / "issues"),
        *("--report-token-file", out / TOKEN),
        *(f"--{name}=http://127.0.0.1:{ports[name]}" for name in ("alertmanager", "prometheus")),
    )
    with issues_service(tmp_path / "state", *service) as told:
        session = requests.Session()
        token = Path(told["token_file"]).read_text().strip()

        def issues() -> dict[tuple[str, str], dict[str, Any]]:
            answer = session.get(
                f"{told['url']}/api/v1/issues",
                params={"state": "all", "limit": "200"},
                headers={"Authorization": f"Bearer {token}"},
                timeout=30,
            )
            answer.raise_for_status()
            return {(one["kind"], one["subject"]): one for one in answer.json()["issues"]}

        def drift() -> dict[str, Any]:
            return issues().get(("FeatureDrift", INPUT), {})

        with replica(local_package.reference) as server:
            replace_addresses(out, model, server.address, ports)
            with (
                alertmanager(
                    tmp_path, out / "alertmanager/alertmanager.yml", ports["alertmanager"]
                ),
                configured_prometheus(
                    tmp_path, out / "prometheus/prometheus.yml", ports["prometheus"]
                ) as prometheus,
            ):
                prometheus.until(f'up{{job="{model}"}} == 1 and on () up{{job="issues"}} == 1')
                rows = pd.read_csv(local_package.project / "data/visits.csv")
                rows["basket"] += SHIFT
                sent = json.loads(rows.drop(columns="returned").to_json(orient="records"))
                for start in range(0, len(sent), 200):
                    server.post("/predict", {"rows": sent[start : start + 200]})
                wait_until(lambda: drift().get("certainty", 1) < 1, 60)  # 1: until it was asked
                found = drift()
                only = f'model_feature_observations_total{{job="{model}", feature="basket"}}'
                counted = prometheus.ask(f"sum by (bin) ({only})")
                page = session.get(told["login_url"], timeout=30).ok and session.get(
                    f"{told['url']}/issues/{found['id']}", timeout=30
                )
                server.kill()
                wait_until(lambda: drift()["state"] == "resolved", 60)
                wait_until(lambda: any(kind == "TargetDown" for kind, _ in issues()), 30)
                ended, down = (
                    drift(),
                    next(one for (kind, _), one in issues().items() if kind == "TargetDown"),
                )
    assert (found["package"], found["state"], found["firing"]) == (model, "open", True)
    live = {bin_["bin"]: count for bin_, count in counted}
    moved = sum(
        abs(live[name] / sum(live.values()) - known / sum(basket.counts))
        for name, known in zip(basket.bins, basket.counts, strict=True)
    )
    # It was measured when at least 500 of the rows had come.
    assert found["share"] == pytest.approx(moved / 2, abs=0.1)
    assert found["certainty"] == pytest.approx(0.7, abs=0.01), "0.7 (1 - q): answers may be fine"
    assert 'id="plot"' in page.text
    assert "<svg" in page.text
    assert (ended["id"], ended["firing"]) == (found["id"], False)
    assert (down["band"], down["state"]) == (1, "open")
