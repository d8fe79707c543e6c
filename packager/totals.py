"""The counters of one model version, added up over replicas: from ``/metrics`` or Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from monitoring.promql import quoted
from packager.errors import PackageError, UsageError
from packager.exposition import Sample, samples

TIMEOUT = 30
IDENTITY = "model_package_info"
COUNTERS = {
    "model_feature_observations_total": ("feature", "bin"),
    "model_feature_anomalies_total": ("feature", "kind"),
    "model_slice_predictions_total": ("slice",),
    "model_feedback_total": ("slice", "outcome"),
    "model_feedback_error_abs_total": ("slice",),
    "model_feedback_error_squared_total": ("slice",),
}
GAUGES = {
    "model_feature_reference_rows": ("feature", "bin"),
    "model_feature_reference_anomalies_ratio": ("feature", "kind"),
    "model_slice_baseline_accuracy_ratio": ("slice",),
    "model_slice_baseline_mae": ("slice",),
    "model_slice_baseline_rows": ("slice",),
    "model_feature_not_compared": ("feature", "reason"),
}
WINDOW = re.compile(r"[1-9]\d{0,5}[smhdw]")

Values = Mapping[str, Mapping[tuple[str, ...], float]]
"""Metric → values of its labels, in the order above → number."""


@dataclass(frozen=True)
class Wanted:
    """The model and version asked for; None where there is only one to choose from."""

    model: str | None
    version: str | None

    def choose(self, found: Iterable[tuple[str, str]], where: str) -> tuple[str, str]:
        """The one pair that fits; raise ``PackageError`` for none or several."""
        every = sorted(set(found))
        fitting = [
            (model, version)
            for model, version in every
            if self.model in (None, model) and self.version in (None, version)
        ]
        if len(fitting) == 1:
            return fitting[0]
        listed = ", ".join(f"{model} {version}" for model, version in every) or "none"
        expected = " ".join(filter(None, (self.model, self.version)))
        raise PackageError(
            f"{where}: expected one model version{f' {expected}'.rstrip()}, got {listed}",
            "bins and slices belong to one version: choose with --model and --version"
            if every
            else "name a server of `package serve` or a Prometheus that scrapes one",
        )


@dataclass(frozen=True)
class Totals:
    """Counters and gauges of one version."""

    model: str
    version: str
    source: str
    """What they were counted over, in words."""
    values: Values

    def of(self, name: str) -> Mapping[tuple[str, ...], float]:
        return self.values.get(name, {})


def from_replicas(urls: Sequence[str], wanted: Wanted) -> Totals:
    """The sum of what replicas counted since they started; each URL is one replica."""
    twice = sorted({url for url in urls if list(urls).count(url) > 1})
    if twice:
        raise UsageError(f"{twice[0]}: expected every replica once, got it twice", "name it once")
    exposed = [sample for url in urls for sample in _exposed(url)]
    where = ", ".join(urls)
    pairs = [_pair(sample.labels) for sample in exposed if sample.name == IDENTITY]
    model, version = wanted.choose(pairs, where)
    values: dict[str, dict[tuple[str, ...], float]] = {}
    for sample in exposed:
        labels = COUNTERS.get(sample.name) or GAUGES.get(sample.name)
        if labels is None or _pair(sample.labels) != (model, version):
            continue
        place = values.setdefault(sample.name, {})
        key = tuple(sample.labels.get(label, "") for label in labels)
        if sample.name in COUNTERS:
            place[key] = place.get(key, 0.0) + sample.value
        else:
            place[key] = max(place.get(key, sample.value), sample.value)
    replicas = "1 replica" if len(urls) == 1 else f"{len(urls)} replicas"
    return Totals(model, version, f"{replicas} since their start", values)


def from_prometheus(url: str, window: str, wanted: Wanted) -> Totals:
    """What all replicas counted in the last ``window`` (``1d``), as ``increase()`` has it."""
    if not WINDOW.fullmatch(window):
        raise UsageError(
            f"--window: expected a number and one of s, m, h, d, w, got {window!r}", "say 1d"
        )
    found = _asked(url, f"group by (model, version) (last_over_time({IDENTITY}[{window}]))")
    model, version = wanted.choose([_pair(labels) for labels, _ in found], url)
    only = f"{{model={quoted(model)}, version={quoted(version)}}}"
    values = {}
    for name, labels in {**COUNTERS, **GAUGES}.items():
        by = ", ".join(labels)
        query = (
            f"sum by ({by}) (increase({name}{only}[{window}]))"
            if name in COUNTERS
            else f"max by ({by}) (last_over_time({name}{only}[{window}]))"
        )
        values[name] = {
            tuple(series.get(label, "") for label in labels): value
            for series, value in _asked(url, query)
        }
    return Totals(model, version, f"the last {window}, from Prometheus", values)


def _pair(labels: Mapping[str, str]) -> tuple[str, str]:
    return labels.get("model", ""), labels.get("version", "")


def _exposed(url: str) -> list[Sample]:
    text = _get(url, {}).text
    try:
        found = list(samples(text))
    except ValueError as error:
        raise PackageError(
            f"{url}: expected metrics, got another content ({error})",
            "name the address of /metrics of one replica",
        ) from error
    if all(sample.name != IDENTITY for sample in found):
        raise PackageError(
            f"{url}: expected metrics of a package, got others ({len(found)} series)",
            "name the address of /metrics of one replica",
        )
    return found


def _asked(url: str, query: str) -> list[tuple[dict[str, str], float]]:
    """Labels and value of each series of an instant query."""
    answer = _get(f"{url.rstrip('/')}/api/v1/query", {"query": query})
    try:
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]
    except (requests.JSONDecodeError, KeyError, TypeError) as error:
        raise PackageError(
            f"{url}: expected Prometheus' answer to a query, got another content",
            "name the address of a Prometheus: http://…:9090",
        ) from error


def _get(url: str, parameters: Mapping[str, str]) -> requests.Response:
    try:
        answer = requests.get(url, parameters, timeout=TIMEOUT)
    except (
        requests.exceptions.InvalidSchema,
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
    ) as error:
        raise UsageError(f"expected an address, got {url!r}", "begin with http://") from error
    except requests.RequestException as error:
        raise PackageError(
            f"{url}: no answer: {type(error).__name__}", "is it running, and reached from here?"
        ) from error
    if answer.status_code != 200:
        raise PackageError(
            f"{url}: expected status 200, got {answer.status_code}: {answer.text[:200].strip()}",
            "name /metrics of a replica, or the address of a Prometheus",
        )
    return answer
