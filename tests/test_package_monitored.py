"""A package watched by a real Prometheus: two replicas of two workers, skewed, some killed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from command import NO_ENGINE, Package, package
from real_prometheus import Prometheus, prometheus
from replicas import Replica, replica

from monitoring import drift
from monitoring.profile import Profile
from packager.image.reference import open_reference

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus here"),
]
SHIFT = 40.0
COUNTED = 2.5
"""Seconds after which workers have written their counters, and every replica was scraped."""


@dataclass(frozen=True)
class Watched:
    """What was sent, who still lives, and where it was counted."""

    rows: pd.DataFrame
    profile: Profile
    model: str
    version: str
    folder: Path
    prometheus: Prometheus
    alive: list[Replica]

    @property
    def only(self) -> str:
        return f'{{model="{self.model}", version="{self.version}"}}'


@pytest.fixture(scope="module")
def watched(local_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Shifted rows: what app users do goes to one replica, the others' to another; both suffer."""
    folder = tmp_path_factory.mktemp("watched")
    out = folder / "monitoring"
    done = package("deploy", "monitoring", local_package.reference, "--out", out, env=NO_ENGINE)
    assert done.code == 0, done.err
    with open_reference(local_package.reference, None) as found:
        manifest, profile = found.manifest, found.profile()
    assert profile is not None
    rules = yaml.safe_load((out / f"prometheus/rules/{manifest.name}.yml").read_text())
    frame = pd.read_csv(local_package.project / "data" / "visits.csv").drop(columns="returned")
    frame["basket"] += SHIFT
    with (
        replica(local_package.reference) as one,
        replica(local_package.reference) as other,
        prometheus(folder, {manifest.name: [one.address, other.address]}, rules) as server,
    ):
        server.until(f'sum(up{{job="{manifest.name}"}}) == 2')
        app = frame["channel"] == "app"
        for replica_, mine in ((one, frame[app]), (other, frame[~app])):
            send(replica_, mine.iloc[: len(mine) // 2])
        time.sleep(COUNTED)
        one.kill_worker()
        for replica_, mine in ((one, frame[app]), (other, frame[~app])):
            send(replica_, mine.iloc[len(mine) // 2 :])
        time.sleep(COUNTED)
        other.kill()
        yield Watched(frame, profile, manifest.name, manifest.tag, out, server, [one])


def send(to: Replica, frame: pd.DataFrame) -> None:
    rows = json.loads(frame.to_json(orient="records"))
    for start in range(0, len(rows), 40):
        to.post("/predict", {"rows": rows[start : start + 40]})


def offline(watched: Watched) -> dict[str, drift.Drift]:
    """The same rows, binned and measured without any server."""
    found = {}
    for feature in watched.profile.features:
        if feature.name in watched.rows:
            indices = feature.bin_indices(watched.rows[feature.name])
            counts = [int((indices == place).sum()) for place in range(len(feature.bins))]
            found[feature.name] = drift.measure(counts, feature.counts)
    return found


def test_counters_in_prometheus_are_exact_though_workers_and_a_replica_died(
    watched: Watched,
) -> None:
    counted = watched.prometheus.ask(
        "sum by (feature, bin) (last_over_time("
        f"model_feature_observations_total{watched.only}[10m]))"
    )
    live = {(labels["feature"], labels["bin"]): value for labels, value in counted}
    for feature in watched.profile.features:
        if feature.name not in watched.rows:
            continue
        counts = [live[feature.name, name] for name in feature.bins]
        expected = offline(watched)[feature.name]
        got = drift.measure(counts, feature.counts)
        assert got == expected


def test_recorded_drift_is_the_offline_one_within_what_extrapolation_does(
    watched: Watched,
) -> None:
    watched.prometheus.until(f"feature:model_feature_psi:zscore1h{watched.only}")
    for name, expected in offline(watched).items():
        only = watched.only[:-1] + f', feature="{name}"}}'
        for window in ("1h", "1d"):
            rows = watched.prometheus.value(
                f"feature:model_feature_observations:increase{window}{only}"
            )
            assert rows == pytest.approx(expected.rows, rel=0.15)
            psi = watched.prometheus.value(f"feature:model_feature_psi:{window}{only}")
            assert psi == pytest.approx(expected.psi, rel=0.1, abs=0.01)


def test_package_drift_says_the_same_from_prometheus(watched: Watched) -> None:
    found = package("drift", "--prometheus", watched.prometheus.url, "--window", "1h", "--json")
    assert found.code == 0, found.err
    assert found.json["drifting"] is True
    assert found.json["source"] == "the last 1h, from Prometheus"
    measured = {feature["name"]: feature for feature in found.json["features"]}
    for name, expected in offline(watched).items():
        assert measured[name]["psi"] == pytest.approx(expected.psi, rel=0.1, abs=0.01)
        assert measured[name]["drifting"] is expected.drifting
    assert measured["basket"]["drifting"]
    failing = package("drift", "--prometheus", watched.prometheus.url, "--fail-on-drift")
    assert failing.code == 1
    assert "verdict: drift" in failing.out


def test_package_drift_says_the_same_from_the_replicas_that_live(watched: Watched) -> None:
    (one,) = watched.alive
    found = package("drift", f"{one.url}/metrics", "--json")
    assert found.code == 0, found.err
    channel = next(f for f in found.json["features"] if f["name"] == "channel")
    assert channel["rows"] == (watched.rows["channel"] == "app").sum()
    shown = package("drift", f"{one.url}/metrics")
    assert "1 replica since their start" in shown.out
    assert "basket" in shown.out


def test_every_panel_asks_what_prometheus_answers(watched: Watched) -> None:
    """Every query has data, but for what hasn't happened here."""
    drawn = json.loads((watched.folder / f"grafana/dashboards/{watched.model}.json").read_text())
    watched.prometheus.until(f'ALERTS{{model="{watched.model}"}}')
    empty = {
        f"{panel['title']}: {target['legendFormat']}"
        for panel in drawn["panels"]
        for target in panel.get("targets", [])
        if not watched.prometheus.ask(_filled(target["expr"], watched))
    }
    assert empty <= NOTHING_YET


NOTHING_YET = {
    # No alert of this short run has held for as long as it must.
    "Open alerts: alert",
}


def _filled(expression: str, watched: Watched) -> str:
    values: dict[str, Any] = {
        "$model": watched.model,
        "$version": watched.version,
        "$feature": "basket",
    }
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression
