"""Prometheus's data of three models in a roll-out, made up: two versions each, every metric.

Samples of some hours are written as blocks by ``promtool``; the generated rules then run over them.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from real_prometheus import Prometheus, configured_prometheus
from rule_models import MODELS

from monitoring.metrics.latency import LATENCY_BUCKETS
from monitoring.metrics.shadow_labels import BETTER, WORSE
from packager.deploy.monitoring import model_rules
from packager.deploy.prometheus.rules import MonitoredModel

TASKS = ("classification", "regression", "outputs")
HOURS = 3.0
NEW = "1.1.0-aa11bb22cc33"
STEP = 60
Value = Callable[[float], float]
"""Of the seconds since the version's start."""


@dataclass(frozen=True)
class WorldVersion:
    """One version of a model: when it started, and how much it gets."""

    model: MonitoredModel
    version: str
    started: float
    """Seconds before the end."""
    rate: float
    """Rows a second."""
    moved: float
    """Share of the rows that moved from the first bin to the last."""
    right: float
    """Share of right answers in all slices but ``__all__``."""


def world(hours: float) -> list[WorldVersion]:
    """Each model's old version, which drifts, and a new one that started in the last third."""
    found = []
    for name in TASKS:
        model = MODELS[name]
        fresh = replace(model, version=NEW)
        found.append(WorldVersion(model, model.version, hours * 3600, 4.0, 0.5, 0.62))
        found.append(WorldVersion(fresh, NEW, hours * 1200, 2.0, 0.05, 0.88))
    return found


@contextmanager
def watched_world(folder: Path) -> Iterator[Prometheus]:
    """A Prometheus with the last ``HOURS`` of the world, whose rules have recorded every series."""
    end = time.time() // STEP * STEP
    write_blocks(folder, world(HOURS), end, HOURS)
    groups = [
        {**group, "interval": "2s"}
        for task in TASKS
        for group in model_rules(MODELS[task])["groups"]
    ]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump({"rule_files": ["rules.yml"]}))
    with configured_prometheus(folder, config) as server:
        for task in TASKS:
            server.until(f'ALERTS{{model="{MODELS[task].name}", alertstate="firing"}}', 60)
        yield server


def write_blocks(folder: Path, versions: Iterable[WorldVersion], end: float, hours: float) -> None:
    """Blocks of a Prometheus below ``folder / "data"``, whose last samples are of ``end``."""
    text = folder / "world.txt"
    with text.open("w", encoding="utf-8") as file:
        for version in versions:
            file.writelines(_lines(version, end, hours))
        file.write("# EOF\n")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")],
        check=True,
        capture_output=True,
    )


def _lines(one: WorldVersion, end: float, hours: float) -> Iterator[str]:
    base = {"model": one.model.name, "version": one.version, "job": one.model.name}
    base["instance"] = f"{one.version}:3000"
    start = end - one.started
    first = max(start, end - hours * 3600)
    moments = [end - back for back in range(int(end - first), -1, -STEP)]
    for name, labels, value in series(one):
        inner = ",".join(f"{key}={_quoted(text)}" for key, text in {**base, **labels}.items())
        for at in moments:
            yield f"{name}{{{inner}}} {value(at - start)!r} {at:.0f}\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def series(one: WorldVersion) -> Iterator[tuple[str, Mapping[str, str], Value]]:
    """Name, labels without model and version, and value of each series."""
    yield "model_package_info", {"digest": "d"}, lambda _: 1.0
    yield from _requests(one.rate)
    yield from _features(one)
    yield from _rows(one)
    for member in one.model.members:
        yield from _member(member, one.rate)
    yield from _labels(one)


def _grows(rate: float) -> Value:
    return lambda since: max(0.0, since) * rate


def _is(value: float) -> Value:
    return lambda _: value


Found = Iterator[tuple[str, Mapping[str, str], Value]]


def _histogram(name: str, labels: Mapping[str, str], bounds: Iterable[float], rate: float) -> Found:
    every = [*bounds]
    for place, bound in enumerate(every, 1):
        share = min(1.0, place / (len(every) - 1))
        yield f"{name}_bucket", {**labels, "le": repr(float(bound))}, _grows(rate * share)
    yield f"{name}_bucket", {**labels, "le": "+Inf"}, _grows(rate)
    yield f"{name}_count", labels, _grows(rate)
    yield f"{name}_sum", labels, _grows(rate * every[len(every) // 2])


def _requests(rate: float) -> Found:
    for code, share in (("2xx", 0.99), ("4xx", 0.007), ("5xx", 0.003)):
        labels = {"route": "/predict", "code": code}
        name = "model_request_duration_seconds"
        yield from _histogram(name, labels, LATENCY_BUCKETS, rate * share)
    for stage in ("validate", "predict"):
        yield from _histogram("model_stage_duration_seconds", {"stage": stage}, (0.001, 0.01), rate)
    for form, share in (("compiled", 0.9), ("native", 0.1)):
        yield "model_rows_total", {"form": form}, _grows(rate * share)
    for outcome, share in (("match", 0.1), ("mismatch", 0.001)):
        yield "model_compiled_checks_total", {"outcome": outcome}, _grows(rate * share)
    yield "model_processes", {"state": "ready"}, _is(2)
    for what in ("process", "worker"):
        yield f"model_{what}_restarts_total", {"reason": "memory"}, _grows(0.002)


def _features(one: WorldVersion) -> Found:
    reference = {"(-inf, 1]": 500.0, "(1, 2]": 300.0, "(2, inf)": 200.0}
    for feature in one.model.features:
        counts = dict(reference)
        counts["(-inf, 1]"] -= 500 * one.moved
        counts["(2, inf)"] += 500 * one.moved
        for name, rows in reference.items():
            labels = {"feature": feature, "bin": name}
            live = _grows(one.rate * counts[name] / 1_000)
            yield "model_feature_reference_rows", labels, _is(rows)
            yield "model_feature_observations_total", labels, live
        kind = {"feature": feature, "kind": "missing"}
        yield "model_feature_anomalies_total", kind, _grows(one.rate * 0.2)
        yield "model_feature_reference_anomalies_ratio", kind, _is(0.01)


def _rows(one: WorldVersion) -> Found:
    predicted = ("Ideal", "Fair") if one.model.classified else ("number",)
    for name in predicted:
        yield "model_predictions_total", {"predicted": name}, _grows(one.rate / len(predicted))
    for name in one.model.slices:
        rate = one.rate * (1.0 if name == "__all__" else 0.3)
        yield "model_slice_predictions_total", {"slice": name}, _grows(rate)


def _member(member: str, rate: float) -> Found:
    named = {"member": member}
    yield from _histogram("model_member_duration_seconds", named, (0.001, 0.01, 0.1), rate)
    yield "model_member_own_seconds_total", named, _grows(rate * 0.004)
    yield "model_member_ready", named, _is(2)
    for outcome, share in (("answered", 0.98), ("failed", 0.01), ("null", 0.01)):
        yield "model_member_rows_total", {**named, "outcome": outcome}, _grows(rate * share)
    for name, share in (("low", 0.7), ("high", 0.3)):
        yield "model_member_predictions_total", {**named, "bin": name}, _grows(rate * share)
        yield "model_member_reference_rows", {**named, "bin": name}, _is(500)


def _labels(one: WorldVersion) -> Found:
    yield "model_label_design_effect", {}, _is(1)
    yield "model_feedback_skipped_total", {}, _grows(0.01)
    yield "model_feedback_rejected_total", {"reason": "expired"}, _grows(0.01)
    yield from _histogram("model_feedback_delay_seconds", {}, (60.0, 3600.0, 86400.0), one.rate / 2)
    for name in one.model.slices:
        labels = one.rate * (0.5 if name == "__all__" else 0.15)
        right = 0.85 if name == "__all__" else one.right
        if one.model.task == "outputs":
            yield from _measured(one, name, labels, right)
        elif one.model.classified:
            yield from _judged(name, labels, right)
        else:
            yield from _errors(name, labels, 2 * (1 - right))
    yield from _shadow(one)


def _judged(name: str, labels: float, right: float) -> Found:
    part = {"slice": name}
    yield "model_feedback_total", {**part, "outcome": "correct"}, _grows(labels * right)
    yield "model_feedback_total", {**part, "outcome": "incorrect"}, _grows(labels * (1 - right))
    yield "model_slice_baseline_accuracy_ratio", part, _is(0.87)
    yield "model_slice_baseline_effective_rows", part, _is(4_000)
    yield "model_estimated_rows_total", part, _grows(labels * 2)
    yield "model_estimated_correct_total", part, _grows(labels * 2 * 0.86)


def _errors(name: str, labels: float, error: float) -> Found:
    part = {"slice": name}
    yield "model_feedback_total", {**part, "outcome": "scored"}, _grows(labels)
    for direction, share in (("over", 0.7), ("under", 0.3)):
        place = {**part, "direction": direction}
        yield "model_feedback_absolute_error_total", place, _grows(labels * error * share)
    yield "model_feedback_squared_error_total", part, _grows(labels * error**2 * 1.5)
    yield "model_slice_baseline_mae", part, _is(0.25)
    yield "model_slice_baseline_effective_rows", part, _is(4_000)
    yield "model_slice_baseline_error_variance", part, _is(0.04)


def _measured(one: WorldVersion, name: str, labels: float, value: float) -> Found:
    yield "model_feedback_total", {"slice": name, "outcome": "scored"}, _grows(labels)
    for output, measure in one.model.outputs:
        part = {"output": output, "measure": measure, "slice": name}
        yield "model_output_measured_total", part, _grows(labels)
        yield "model_output_measure_total", part, _grows(labels * value)
        yield "model_output_measure_squared_total", part, _grows(labels * value**2 * 1.2)
        yield "model_output_baseline", part, _is(0.9)
        yield "model_output_baseline_effective_rows", part, _is(4_000)
        yield "model_output_baseline_error_variance", part, _is(0.05)


def _shadow(one: WorldVersion) -> Found:
    yield "model_shadow_challenger_info", {"challenger": "2.0.0-0123456789ab"}, _is(1)
    for outcome, share in (("same", 0.97), ("failed", 0.02), ("dropped", 0.01)):
        yield "model_shadow_rows_total", {"outcome": outcome}, _grows(one.rate * share)
    yield from _histogram("model_shadow_difference", {}, (0.01, 0.1, 0.5), one.rate)
    for name in () if one.model.task == "outputs" else one.model.slices:
        part, pairs = {"slice": name}, one.rate * 0.3
        if not one.model.classified:
            yield "model_shadow_paired_labels_total", part, _grows(pairs)
            for direction, share in ((BETTER, 0.1), (WORSE, 0.06)):
                place = {**part, "direction": direction}
                yield "model_shadow_error_difference_total", place, _grows(pairs * share)
            yield "model_shadow_error_difference_squared_total", part, _grows(pairs * 0.05)
            continue
        for ours, theirs, share in (
            ("correct", "correct", 0.8),
            ("wrong", "correct", 0.09),
            ("correct", "wrong", 0.05),
            ("wrong", "wrong", 0.06),
        ):
            place = {**part, "champion": ours, "challenger": theirs}
            yield "model_shadow_pairs_total", place, _grows(pairs * share)
