"""Servers and their replicas, and the jobs that scrape them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from deployed_models import written

from packager.deploy.fleet import Fleet, Member


def test_every_replica_is_scraped_under_the_job_that_alerts_ask_for(tmp_path: Path) -> None:
    out = written(tmp_path)
    jobs = yaml.safe_load((out / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    job = next(one for one in jobs if one["job_name"] == "diamonds-cut")
    assert job["dns_sd_configs"][0]["type"] == "A"
    assert job["dns_sd_configs"][0]["names"] == ["model-diamonds-cut-blue"]
    rules = (out / "prometheus/rules/diamonds-cut.yml").read_text()
    assert f'up{{job="{job["job_name"]}"}}' in rules


def test_names_no_host_could_have_still_name_services() -> None:
    names = ["a.b", "a_b", "a-b", "x" * 100, "x" * 99, "prometheus", "grafana"]
    fleet = Fleet({})
    for name in names:
        fleet = fleet.with_model(Member(name, "1", "image:1", 0, 512))
    services = {one.service for one in fleet.sorted()}
    assert len(services) == len(names)
    assert all(re.fullmatch("[a-z0-9-]{1,63}", service) for service in services)
    for place in range(30):
        fleet = fleet.with_model(Member(f"m{place}", "1", "image:1", 0, 512))
    taken = [port for one in fleet.sorted() for port in range(one.port, one.port + 10)]
    assert len(set(taken)) == len(taken)
    assert 3100 not in taken
    assert Fleet.of(json.loads(json.dumps(fleet.notes))) == fleet
