"""A package scraped by a real Prometheus: two replicas of two workers, skewed, some killed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from command import NO_ENGINE, Package, package
from monitored_servers import MonitoredServers
from real_prometheus import prometheus
from replicas import Replica, replica

from monitoring.slices.slices import ALL, SliceSet
from monitoring.stats import drift
from monitoring.stats.accuracy import accuracy_regressed, share_z
from monitoring.stats.intervals import wilson
from packager.deploy.grafana.chosen import VariableValues
from packager.deploy.prometheus import promql
from packager.image.reference import open_reference

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus here"),
]
SHIFT = 40.0
COUNTED = 2.5
"""Seconds after which workers have written their counters, and every replica was scraped."""


@pytest.fixture(scope="module")
def servers(
    local_package: Package, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MonitoredServers]:
    """Shifted rows: what app users do goes to one replica, the others' to another; both suffer."""
    folder = tmp_path_factory.mktemp("watched")
    out = folder / "monitoring"
    done = package("deploy", "compose", local_package.reference, "--output", out, env=NO_ENGINE)
    assert done.code == 0, done.err
    with open_reference(local_package.reference, None) as found:
        manifest, profile = found.manifest, found.profile()
    assert profile is not None
    assert manifest.evaluation is not None
    known = {**manifest.evaluation.slices, ALL: manifest.evaluation.overall}
    baseline = {name: (found.values["accuracy"], found.rows) for name, found in known.items()}
    slices = SliceSet(manifest.slices.columns, manifest.slices.rules)
    rules = yaml.safe_load((out / f"prometheus/rules/{manifest.name}.yml").read_text())
    visits = pd.read_csv(local_package.project / "data" / "visits.csv")
    frame = pd.concat([visits, visits], ignore_index=True)
    frame["basket"] += SHIFT
    # Half of the web's customers come, and none of them again: that slice gets worse.
    web = frame["channel"] == "web"
    frame = frame[~web | (np.arange(len(frame)) % 2 == 0)]
    frame["returned"] = np.where(frame["channel"] == "web", "no", frame["returned"])
    answers = []
    with (
        replica(local_package.reference) as one,
        replica(local_package.reference) as other,
        prometheus(folder, {manifest.name: [one.address, other.address]}, rules) as server,
    ):
        server.until(f'sum(up{{job="{manifest.name}"}}) == 2')
        app = frame["channel"] == "app"
        for replica_, mine in ((one, frame[app]), (other, frame[~app])):
            answers.append(send(replica_, mine.iloc[: len(mine) // 2]))
        time.sleep(COUNTED)
        one.kill_worker()
        for replica_, mine in ((one, frame[app]), (other, frame[~app])):
            answers.append(send(replica_, mine.iloc[len(mine) // 2 :]))
        time.sleep(COUNTED)
        rows = pd.concat(answers)
        labels = f'model_feedback_total{{slice="__all__", version="{manifest.tag}"}}'
        server.until(f"sum({labels}) == {len(rows)}")  # each of them is scraped
        everything = f'slice:model_feedback:increase7d{{slice="__all__", version="{manifest.tag}"}}'
        server.until(f"{everything} > {0.97 * len(rows)}")  # rules lag behind on a busy machine
        other.kill()
        compiled = manifest.compiled.verdict == "equal"
        facts = (profile, compiled, manifest.name, manifest.tag, out, server, (one, other))
        yield MonitoredServers(rows, slices, baseline, *facts)


def send(to: Replica, frame: pd.DataFrame) -> pd.DataFrame:
    """Predict every row and send its label back; the rows with what was predicted."""
    rows = json.loads(frame.drop(columns="returned").to_json(orient="records"))
    actual = frame["returned"].tolist()
    predicted: list[str] = []
    for start in range(0, len(rows), 40):
        answered = to.post("/predict", {"rows": rows[start : start + 40]})["predictions"]
        predicted += [answer["prediction"] for answer in answered]
        labels = [
            {"token": answer["token"], "actual": label}
            for answer, label in zip(answered, actual[start : start + 40], strict=True)
        ]
        assert to.post("/feedback", labels) == {
            "accepted": len(labels),
            "skipped": 0,
            "rejected": [],
        }
    return frame.assign(__prediction__=predicted)


def test_counters_in_prometheus_are_exact_though_workers_and_a_replica_died(
    servers: MonitoredServers,
) -> None:
    counted = servers.prometheus.ask(
        "sum by (feature, bin) (last_over_time("
        f"model_feature_observations_total{servers.only}[10m]))"
    )
    live = {(labels["feature"], labels["bin"]): value for labels, value in counted}
    for feature in servers.profile.features:
        if feature.name not in servers.rows:  # the confidence isn't in the answers as such
            continue
        counts = [live[feature.name, name] for name in feature.bins]
        expected = servers.drift_of(feature.name)
        got = drift.measure_drift(counts, feature.counts)
        assert got == expected


def test_recorded_drift_is_the_offline_one_within_what_extrapolation_does(
    servers: MonitoredServers,
) -> None:
    for window in ("1h", "1d"):
        possible = servers.extrapolation("model_feature_observations_total")
        servers.prometheus.until_recorded(f"feature:model_feature_psi:{window}{servers.only}")
        for name, parts in servers.binned.items():
            only = servers.only[:-1] + f', feature="{name}"}}'
            bins, rows, psi = servers.prometheus.together(
                f"feature_bin:model_feature_observations:increase{window}{only}",
                f"feature:model_feature_observations:increase{window}{only}",
                f"feature:model_feature_psi:{window}{only}",
            )
            feature = servers.feature(name)
            counts = [bins.get(label, 0.0) for label in feature.bins]
            for count, *parts_of_bin in zip(counts, *parts, strict=True):
                assert possible.allows(count, partial(weighted, parts_of_bin))
            expected = drift.measure_drift(counts, feature.counts)
            assert rows[""] == pytest.approx(expected.rows)
            assert psi[""] == pytest.approx(expected.psi)


def weighted(parts: Sequence[float], *factors: float) -> float:
    return sum(part * factor for part, factor in zip(parts, factors, strict=True))


def test_accuracy_by_slice_and_its_interval_are_exact_from_counters(
    servers: MonitoredServers,
) -> None:
    counted = servers.prometheus.ask(
        f"sum by (slice, outcome) (last_over_time(model_feedback_total{servers.only}[10m]))"
    )
    labels = {(found["slice"], found["outcome"]): value for found, value in counted}
    for name in servers.labelled:
        right, rows = servers.judged(name)
        got = (labels[name, "correct"], labels[name, "correct"] + labels[name, "incorrect"])
        assert got == (right, rows)
        if rows:
            expected = wilson(right, rows)
            series = "sum by (slice) (last_over_time(model_feedback_total"
            k = f"{series}{_with(servers, name, 'correct')}[10m]))"
            n = f"{series}{_with(servers, name)}[10m]))"
            for end, sign in zip(expected, "-+", strict=True):
                got_end = servers.prometheus.value(promql.wilson(k, n, sign))
                assert got_end == pytest.approx(end, abs=1e-9)


def test_recorded_accuracy_is_the_offline_one_within_what_extrapolation_does(
    servers: MonitoredServers,
) -> None:
    possible = servers.extrapolation("model_feedback_total")
    score = "slice:model_feedback_score"
    servers.prometheus.until_recorded(f"{score}:upper7d{servers.only}")
    for name, parts in servers.labelled.items():
        only = _with(servers, name)
        _, rows = servers.judged(name)
        if rows:
            k, n, ratio, lower, upper = (
                found[""]
                for found in servers.prometheus.together(
                    f"slice:model_feedback_correct:increase7d{only}",
                    f"slice:model_feedback:increase7d{only}",
                    *(f"{score}:{what}7d{only}" for what in ("ratio", "lower", "upper")),
                )
            )
            for count, parts_of_it in zip((k, n), parts.T, strict=True):
                assert possible.allows(count, partial(weighted, parts_of_it.tolist()))
            assert (ratio, lower, upper) == pytest.approx((k / n, *wilson(k, n)))
        if rows and name in servers.baseline:
            assert (
                servers.prometheus.value(f"slice:model_slice_baseline:max{only}")
                == (servers.baseline[name][0])
            )


def test_a_slice_that_got_worse_is_called_and_steady_ones_are_not(
    servers: MonitoredServers,
) -> None:
    possible = servers.extrapolation("model_feedback_total")
    known = {
        name: (*servers.judged(name), *servers.baseline[name])
        for name in servers.baseline
        if name in servers.labelled
    }
    # Near the limit extrapolation may decide either way.
    worse = {
        name
        for name, (_, rows, *before) in known.items()
        if rows
        and not possible.allows(
            False,
            lambda *factors, name=name, before=before: accuracy_regressed(
                *servers.judged(name, *factors), *before
            ),
        )
    }
    steady = {name for name, facts in known.items() if not share_z(*facts) < -2.5}
    assert worse
    assert steady
    firing = 'ALERTS{alertname="SliceRegression", alertstate="firing"}'
    servers.prometheus.until(firing)
    fired = {labels["slice"] for labels, _ in servers.prometheus.ask(firing)}
    assert worse <= fired
    assert not fired & steady


def test_package_drift_says_the_same_from_prometheus(servers: MonitoredServers) -> None:
    possible = servers.extrapolation("model_feature_observations_total")
    found = package("drift", "--prometheus", servers.prometheus.url, "--window", "1h", "--json")
    assert found.code == 0, found.err
    assert found.json["drifting"] is True
    assert found.json["source"] == "the last 1h, from Prometheus"
    measured = {feature["name"]: feature for feature in found.json["features"]}
    for name in servers.binned:
        for what in ("psi", "drifting"):
            assert possible.allows(
                measured[name][what],
                lambda *factors, name=name, what=what: getattr(
                    servers.drift_of(name, *factors), what
                ),
            )
    assert measured["basket"]["drifting"]
    failing = package("drift", "--prometheus", servers.prometheus.url, "--fail-on-drift")
    assert failing.code == 1
    assert "verdict: drift" in failing.out


def test_package_drift_says_the_same_from_the_replicas_that_live(servers: MonitoredServers) -> None:
    one, _ = servers.replicas
    found = package("drift", f"{one.url}/metrics", "--json")
    assert found.code == 0, found.err
    channel = next(f for f in found.json["features"] if f["name"] == "channel")
    assert channel["rows"] == (servers.rows["channel"] == "app").sum()
    shown = package("drift", f"{one.url}/metrics")
    assert "1 replica since their start" in shown.out
    assert "basket" in shown.out


def test_every_panel_asks_what_prometheus_answers(servers: MonitoredServers) -> None:
    servers.prometheus.until(f'ALERTS{{model="{servers.model}", alertstate="firing"}}')
    chosen = VariableValues(servers.model, (servers.version,), "__all__", "basket")
    empty = {
        f"{panel['title']}: {target['legendFormat']}"
        for folder in ("", "slices/")
        for panel in dashboard_of(servers, folder)["panels"]
        for target in panel.get("targets", [])
        if "shadow" not in target["expr"]  # there is no challenger: tests/serving/test_shadow.py
        and not servers.prometheus.ask(chosen.filled(target["expr"]))
    }
    # A worker was killed only.
    none_ended = "Processes: {{version}} model processes that ended: {{reason}}"
    if servers.compiled:
        assert empty == {none_ended}
    else:  # a model without a compiled form has no rows of it
        assert empty <= {
            none_ended,
            "Rows predicted by the compiled form: {{version}} compiled",
            "Compiled answers that differ: {{version}} rows",
        }


def dashboard_of(servers: MonitoredServers, folder: str) -> Any:
    path = servers.folder / f"grafana/dashboards/{folder}{servers.model}.json"
    return json.loads(path.read_text())


def test_package_dashboard_draws_what_prometheus_has(
    servers: MonitoredServers, local_package: Package, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    told = ("--prometheus", servers.prometheus.url, "--window", "1h", "--output", page)
    done = package("dashboard", local_package.reference, *told, env=NO_ENGINE)
    assert done.code == 0, done.err
    assert done.out.strip() == str(page)
    text = page.read_text()
    assert f"<h1>{servers.model}</h1>" in text
    assert "Live and reference: " in text
    assert text.count("<polyline") > 20
    one, _ = servers.replicas
    done = package("dashboard", one.url, "--output", page, env=NO_ENGINE)
    assert done.code == 0, done.err
    assert "What one server counted since it started." in page.read_text()


def _with(servers: MonitoredServers, name: str, outcome: str | None = None) -> str:
    more = f', outcome="{outcome}"' if outcome else ""
    return f'{servers.only[:-1]}, slice="{name}"{more}}}'
