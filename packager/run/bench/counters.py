"""Differences of the server's own metrics between two readings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from packager.client.exposition import read_samples
from packager.errors import PackageError

STAGE = "model_stage_duration_seconds"
ROWS = "model_rows_total"
MEMBER = "model_member_seconds_total"
FLOW = "model_flow_seconds_total"


@dataclass(frozen=True)
class Counters:
    """Counter totals at one reading."""

    seconds: Mapping[str, float]
    """Stage → seconds spent in it."""
    times: Mapping[str, float]
    """Stage → number of times it ran."""
    rows: Mapping[str, float]
    """``compiled`` and ``native`` → rows predicted in this form."""
    members: Mapping[tuple[str, str], float]
    """Of a solution: (member, part of its time) → seconds."""
    flow: float
    """Of a solution: seconds of its flow that no member took."""

    @classmethod
    def of(cls, exposition: str, address: str) -> Counters:
        """Parse the text of ``/metrics`` at ``address``; raise ``PackageError`` if invalid."""
        by_metric: dict[str, dict[str, float]] = {
            f"{STAGE}_sum": {},
            f"{STAGE}_count": {},
            ROWS: {},
        }
        members: dict[tuple[str, str], float] = {}
        flow = 0.0
        for sample in read_samples(exposition, address):
            if sample.name == MEMBER:
                part = (sample.labels.get("member", ""), sample.labels.get("part", ""))
                seconds = _count(sample.name, sample.value, address)
                members[part] = members.get(part, 0.0) + seconds
            elif sample.name == FLOW:
                flow += _count(sample.name, sample.value, address)
            totals = by_metric.get(sample.name)
            if totals is not None:
                key = sample.labels.get("form" if sample.name == ROWS else "stage", "")
                totals[key] = totals.get(key, 0.0) + _count(sample.name, sample.value, address)
        return cls(
            by_metric[f"{STAGE}_sum"], by_metric[f"{STAGE}_count"], by_metric[ROWS], members, flow
        )


def _count(name: str, value: float, address: str) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise PackageError(
            f"{address}: expected counters of a package, got {value} for {name}",
            "check that the address is that of a served package",
        )
    return value


def stage_seconds(before: Counters, after: Counters) -> dict[str, float]:
    """Stage → mean seconds per run between two readings; stages without runs are omitted."""
    seconds = {}
    for stage, total in after.seconds.items():
        times = after.times.get(stage, 0.0) - before.times.get(stage, 0.0)
        if times > 0:
            seconds[stage] = (total - before.seconds.get(stage, 0.0)) / times
    return seconds


def compiled_share(before: Counters, after: Counters) -> float | None:
    """The share of rows that the compiled form predicted; None if no rows were counted."""
    rows = {form: count - before.rows.get(form, 0.0) for form, count in after.rows.items()}
    total = sum(rows.values())
    return rows.get("compiled", 0.0) / total if total > 0 else None


def flow_seconds(before: Counters, after: Counters) -> tuple[dict[str, dict[str, float]], float]:
    """Member → part → seconds between two readings, and those of the flow itself."""
    seconds: dict[str, dict[str, float]] = {}
    for (member, part), total in after.members.items():
        seconds.setdefault(member, {})[part] = total - before.members.get((member, part), 0.0)
    return seconds, after.flow - before.flow
