"""Queries to Prometheus, and what its answers say about an alert."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from monitoring.query_templates import filled_query
from packager.tracker.sources.http_queries import (
    DeclinedError,
    SourceAwayError,
    get_json,
    shown_address,
)
from packager.tracker.sources.queries import KindQueries
from packager.tracker.sources.reconcile import ServedVersions

LOOKBACK_SECONDS = 480
"""Time for which a version counts as running after its last scrape, as in the alerts' rules."""
INFO = "model_package_info"
MAX_SERIES = 5_000
LIVES_SECONDS = 5.0
"""Time for which an answer about running versions is used again, so that a burst asks once."""


class _Series(BaseModel):
    model_config = ConfigDict(extra="ignore")

    metric: dict[str, str] = {}
    value: tuple[float, float] | None = None
    values: list[tuple[float, float]] = []


class _Data(BaseModel):
    model_config = ConfigDict(extra="ignore")

    result: list[_Series] = Field(max_length=MAX_SERIES)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    data: _Data


_ANSWER = TypeAdapter(_Answer)


class Sample(NamedTuple):
    """A value of a series."""

    labels: Mapping[str, str]
    value: float


class QueriedSeries(NamedTuple):
    """The finite values of a series, each with its time."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


class AlertNumbers(NamedTuple):
    """Prometheus's numbers about an alert; None where it has no answer."""

    share: float | None
    certainty: float | None


class PrometheusClient:
    """Asks the server at ``url``; every method raises ``SourceAwayError``."""

    def __init__(self, url: str, time_scale: int = 1) -> None:
        self._url = url.rstrip("/")
        self._scale = time_scale
        self._lives: tuple[float, ServedVersions] | None = None

    def instant(self, query: str) -> list[Sample]:
        """The finite values of an instant query."""
        series = self._query("query", {"query": query})
        pairs = [(one.metric, one.value[1]) for one in series if one.value is not None]
        return [Sample(labels, value) for labels, value in pairs if math.isfinite(value)]

    def over_time(self, query: str, start: float, end: float, step: float) -> list[QueriedSeries]:
        """The series of a range query."""
        parameters = {
            "query": query,
            "start": f"{start:.3f}",
            "end": f"{end:.3f}",
            "step": f"{step:.3f}",
        }
        return [
            QueriedSeries(
                one.metric, [(at, value) for at, value in one.values if math.isfinite(value)]
            )
            for one in self._query("query_range", parameters)
        ]

    def measured(self, queries: KindQueries, labels: Mapping[str, str]) -> AlertNumbers:
        """Share and certainty of an alert."""
        return AlertNumbers(
            self._part(queries.share, labels), self._part(queries.certainty, labels)
        )

    def lives(self) -> ServedVersions:
        """The versions that run, and those that did within a day."""
        now = time.monotonic()
        if self._lives is None or now - self._lives[0] > LIVES_SECONDS:
            by = "group by (model, version)"
            seconds = max(1, LOOKBACK_SECONDS // self._scale)
            running = self._versions(f"{by} (last_over_time({INFO}[{seconds}s]))")
            lately = self._versions(f"{by} (last_over_time({INFO}[1d]))")
            self._lives = (now, ServedVersions(running, lately))
        return self._lives[1]

    def complete(self) -> frozenset[tuple[str, str]]:
        """The versions that ran in every minute of the last hour, and run now."""
        seconds, step = 3600 // self._scale, max(1, 60 // self._scale)
        info = f"group by (model, version) ({INFO})"
        count = f"count_over_time(({info})[{seconds}s:{step}s])"
        return self._versions(f"{count} >= {seconds // step} and {info}")

    def _versions(self, query: str) -> frozenset[tuple[str, str]]:
        samples = self.instant(query)
        return frozenset((one.labels.get("model", ""), one.labels.get("version", ""))
                         for one in samples)  # fmt: skip

    def _part(self, query: str | None, labels: Mapping[str, str]) -> float | None:
        """The largest answer, from 0 to 1; None if there is none or the query is refused."""
        if query is None:
            return None
        try:
            samples = self.instant(filled_query(query, labels))
        except DeclinedError:
            return None
        return min(1.0, max(0.0, *(one.value for one in samples))) if samples else None

    def _query(self, what: str, parameters: Mapping[str, str]) -> list[_Series]:
        url = f"{self._url}/api/v1/{what}"
        try:
            return _ANSWER.validate_python(get_json(url, parameters)).data.result
        except ValidationError as error:
            if any(one["type"] == "too_long" for one in error.errors()):
                raise DeclinedError(
                    f"{shown_address(url)}: expected an answer of bounded size, got more than"
                    f" {MAX_SERIES} series"
                ) from error
            raise SourceAwayError(
                f"{shown_address(url)}: expected Prometheus' answer to a query, got other content"
            ) from error
