"""The counters of one model version, summed over replicas, from ``/metrics`` or Prometheus."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from modelhost.text import display_value
from packager.client.address import server_address
from packager.client.client import METRICS
from packager.client.exposition import MAX_SERIES, not_metrics, read_samples
from packager.client.fetch import MAX_METRICS_BYTES, UNCOMPRESSED, Bearer, UnboundedError, fetch
from packager.deploy.prometheus.promql import quoted
from packager.errors import PackageError, UsageError
from packager.replicas.counter_files import counter_file, read_counters
from packager.replicas.metric_names import DRIFT_NAMES, MetricNames

if TYPE_CHECKING:
    from packager.client.exposition import Sample

TIMEOUT = 30
"""Seconds to wait for a connection, and between two bytes."""
PACKAGE_INFO = "model_package_info"
WINDOW = re.compile(r"[1-9]\d{0,5}[smhdw]")

Values = Mapping[str, Mapping[tuple[str, ...], float]]
"""Metric → label values, in the order above → number."""


@dataclass(frozen=True)
class ModelSelector:
    """The requested model and version; None accepts the only one there is."""

    model: str | None
    version: str | None

    def choose(self, pairs: Iterable[tuple[str, str]], where: str) -> tuple[str, str]:
        """The matching pair; raises ``PackageError`` if there is none or several."""
        every = sorted(set(pairs))
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
class CounterTotals:
    """Counters and gauges of one version."""

    model: str
    version: str
    source: str
    """A description of the replicas or the window that were counted."""
    values: Values
    cumulative: bool = True
    """Whether counters are those since the start, which only grow, not of a window."""

    def of(self, name: str) -> Mapping[tuple[str, ...], float]:
        """Label values → total of the counter ``name``; empty if there is none."""
        return self.values.get(name, {})


def scrape_replicas(
    urls: Sequence[str],
    selector: ModelSelector,
    key: str | None = None,
    names: MetricNames = DRIFT_NAMES,
) -> CounterTotals:
    """The sums of the replicas' counters since they started, and of scored tables.

    ``urls``: the address of each replica, with or without ``/metrics``, to which ``key`` is sent;
    or an output of ``package score``.
    """
    files = {str(path) for url in urls if (path := counter_file(url)) is not None}
    urls = [str(counter_file(url) or metrics_address(url)) for url in urls]
    twice = sorted({url for url in urls if list(urls).count(url) > 1})
    if twice:
        raise UsageError(f"{twice[0]}: expected every replica once, got it twice", "name it once")
    exposed = [sample for url in urls for sample in _exposed(url, key, names, is_file=url in files)]
    source = _counted(len(urls) - len(files), len(files))
    totals = _summed(exposed, ", ".join(urls), selector, names, source)
    return replace(totals, cumulative=len(files) < len(urls))


def sum_answers(
    answers: Sequence[str], where: str, selector: ModelSelector, names: MetricNames
) -> CounterTotals:
    """The sums of the replicas' counters since they started, from their ``answers`` of /metrics.

    ``where``: what answered. Raises ``PackageError`` if an answer isn't of a package.
    """
    exposed = [
        sample for text in answers for sample in _checked(read_samples(text, where), where, names)
    ]
    return _summed(exposed, where, selector, names, _counted(len(answers), 0))


def _summed(
    exposed: Iterable[Sample], where: str, selector: ModelSelector, names: MetricNames, source: str
) -> CounterTotals:
    """The sums of the wanted version; ``source``: what was counted."""
    exposed = list(exposed)
    pairs = [_pair(sample.labels) for sample in exposed if sample.name == PACKAGE_INFO]
    model, version = selector.choose(pairs, where)
    values: dict[str, dict[tuple[str, ...], float]] = {}
    for sample in exposed:
        labels = names.counters.get(sample.name, names.gauges.get(sample.name))
        if labels is None or _pair(sample.labels) != (model, version):
            continue
        series = values.setdefault(sample.name, {})
        cell = tuple(sample.labels.get(label, "") for label in labels)
        if sample.name in names.counters:
            series[cell] = series.get(cell, 0.0) + sample.value
        else:
            series[cell] = max(series.get(cell, sample.value), sample.value)
    return CounterTotals(model, version, source, values)


def _counted(replicas: int, tables: int) -> str:
    """A description of what was counted."""
    served = "1 replica" if replicas == 1 else f"{replicas} replicas"
    scored = "1 scored table" if tables == 1 else f"{tables} scored tables"
    parts = [f"{served} since their start"] * bool(replicas) + [scored] * bool(tables)
    return " and ".join(parts)


def metrics_address(url: str) -> str:
    """The address of a server's metrics, from its address with or without ``/metrics``."""
    parts = server_address(url)
    path = parts.path.rstrip("/")
    return parts._replace(path=path if path.endswith(METRICS) else path + METRICS).geturl()


def query_prometheus(
    url: str,
    window: str,
    selector: ModelSelector,
    key: str | None = None,
    names: MetricNames = DRIFT_NAMES,
) -> CounterTotals:
    """The increase of all replicas' counters in the last ``window`` (``1d``), by ``increase()``."""
    if not WINDOW.fullmatch(window):
        raise UsageError(
            f"--window: expected a number and one of s, m, h, d, w, got {window!r}",
            "for example 1d",
        )
    packages = _query(
        url, f"group by (model, version) (last_over_time({PACKAGE_INFO}[{window}]))", key
    )
    model, version = selector.choose([_pair(labels) for labels, _ in packages], url)
    only = f"{{model={quoted(model)}, version={quoted(version)}}}"
    values = {}
    for name, labels in {**names.counters, **names.gauges}.items():
        by = ", ".join(labels)
        query = (
            f"sum by ({by}) (increase({name}{only}[{window}]))"
            if name in names.counters
            else f"max by ({by}) (last_over_time({name}{only}[{window}]))"
        )
        values[name] = {
            tuple(series.get(label, "") for label in labels): value
            for series, value in _query(url, query, key)
        }
    return CounterTotals(model, version, f"the last {window}, from Prometheus", values, False)


def _pair(labels: Mapping[str, str]) -> tuple[str, str]:
    return labels.get("model", ""), labels.get("version", "")


def _exposed(url: str, key: str | None, names: MetricNames, *, is_file: bool) -> list[Sample]:
    samples = read_counters(Path(url)) if is_file else read_samples(_get(url, {}, key).text, url)
    return _checked(samples, url, names)


def _checked(samples: list[Sample], url: str, names: MetricNames) -> list[Sample]:
    """``samples`` if it is of a package, with valid counts; ``url``: where it is from."""
    try:
        for sample in samples:
            if sample.name in names.counters or sample.name in names.gauges:
                _check_count(sample.name, sample.value)
    except ValueError as error:
        raise not_metrics(url, error) from error
    if all(sample.name != PACKAGE_INFO for sample in samples):
        raise PackageError(
            f"{url}: expected metrics of a package, got others ({len(samples)} series)",
            "name the address of a served package",
        )
    return samples


def _check_count(name: str, value: float) -> None:
    """Raise ``ValueError`` for a value that is no valid count, share or sum of errors."""
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name}: expected a finite number of at least 0, got {value}")


def _query(url: str, query: str, key: str | None) -> list[tuple[dict[str, str], float]]:
    """Labels and value of each series in the result of an instant query."""
    answer = _get(f"{url.rstrip('/')}/api/v1/query", {"query": query}, key)
    try:
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        if len(result) > MAX_SERIES:
            raise ValueError(f"more than {MAX_SERIES} series")
        samples = [(_label_texts(series["metric"]), float(series["value"][1])) for series in result]
        for _, value in samples:
            _check_count("an answer", value)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        detail = f" ({error})" if type(error) is ValueError else ""
        raise PackageError(
            f"{url}: expected Prometheus' answer to a query, got other content{detail}",
            "name the address of a Prometheus: http://…:9090",
        ) from error
    return samples


def _label_texts(labels: Any) -> dict[str, str]:
    if not isinstance(labels, dict) or not all(isinstance(one, str) for one in labels.values()):
        raise TypeError("labels are text")
    return labels


def _get(url: str, parameters: Mapping[str, str], key: str | None) -> requests.Response:
    try:
        answer = fetch(
            lambda: requests.get(
                url,
                parameters,
                headers=UNCOMPRESSED,
                auth=None if key is None else Bearer(key),
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            ),
            MAX_METRICS_BYTES,
        )
    except (
        requests.exceptions.InvalidSchema,
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
    ) as error:
        raise UsageError(f"expected an address, got {url!r}", "begin with http://") from error
    except UnboundedError as error:
        raise PackageError(
            f"{url}: expected an answer {error}",
            "name the address of a served package, or of a Prometheus",
        ) from error
    except requests.RequestException as error:
        raise PackageError(
            f"{url}: no answer: {type(error).__name__}", "check that it runs and is reachable"
        ) from error
    if answer.status_code == 401:
        raise PackageError(
            f"{url}: expected status 200, got 401: it requires a key",
            "give a key the server knows: --key-file",
        )
    if answer.status_code != 200:
        raise PackageError(
            f"{url}: expected status 200, got {answer.status_code}: "
            f"{display_value(answer.text[:200].strip())}",
            "name the address of a served package, or of a Prometheus",
        )
    return answer
