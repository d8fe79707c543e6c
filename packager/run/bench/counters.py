"""What the server's own metrics say of the time between two looks at them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from packager.errors import PackageError
from packager.text import display_value

_SAMPLE = re.compile(r"^(model_\w+)\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
STAGE = "model_stage_duration_seconds"
ROWS = "model_rows_total"


@dataclass(frozen=True)
class Counters:
    """Totals at one moment."""

    seconds: Mapping[str, float]
    """Stage → seconds spent in it."""
    times: Mapping[str, float]
    """Stage → how often."""
    rows: Mapping[str, float]
    """``compiled`` and ``native`` → rows answered that way."""

    @classmethod
    def of(cls, exposition: str) -> Counters:
        """From the text of ``/metrics``; raise ``PackageError`` for a value that is no count."""
        found: dict[str, dict[str, float]] = {f"{STAGE}_sum": {}, f"{STAGE}_count": {}, ROWS: {}}
        for name, labels, value in _SAMPLE.findall(exposition):
            if name in found:
                told = dict(_LABEL.findall(labels))
                key = told.get("form" if name == ROWS else "stage", "")
                found[name][key] = found[name].get(key, 0.0) + _count(name, value)
        return cls(found[f"{STAGE}_sum"], found[f"{STAGE}_count"], found[ROWS])


def _count(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise PackageError(
            f"/metrics: expected counters of a package, got {display_value(text)} for {name}",
            "check that the address is that of a served package",
        )
    return value


def stage_seconds(before: Counters, after: Counters) -> dict[str, float]:
    """Mean seconds of each stage in between; stages that didn't happen are left out."""
    found = {}
    for stage, total in after.seconds.items():
        times = after.times.get(stage, 0.0) - before.times.get(stage, 0.0)
        if times > 0:
            found[stage] = (total - before.seconds.get(stage, 0.0)) / times
    return found


def compiled_share(before: Counters, after: Counters) -> float | None:
    """The share of rows that the compiled form answered; None where the server doesn't count."""
    rows = {form: count - before.rows.get(form, 0.0) for form, count in after.rows.items()}
    total = sum(rows.values())
    return rows.get("compiled", 0.0) / total if total > 0 else None
