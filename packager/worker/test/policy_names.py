"""Whether ``[test]`` names metrics and slices that the package has."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from modelhost.text import display_value
from monitoring.slices.slices import ALL
from packager.errors import UsageError
from packager.manifest.policy import Policy
from packager.text import did_you_mean
from packager.worker.test.baseline import Baseline

MAX_SHOWN = 20


def check_policy(policy: Policy, baseline: Baseline) -> None:
    """Raise ``UsageError`` for a metric or slice of ``policy`` that ``baseline`` lacks.

    A misspelt name would never be judged.
    """
    metrics = baseline.slices[ALL].metrics.keys()
    for key, names in (("", policy.quality.changes), (" floor", policy.quality.floor)):
        _check(f"[test.quality]{key}", "a metric of the held-out rows", names, metrics)
    slices = baseline.slices.keys() - {ALL}
    for slice_, changes in policy.slices.items():
        _check("[test.slices]", "a slice with held-out rows", [slice_], slices)
        _check(f"[test.slices.{slice_!r}]", "a metric of the held-out rows", changes, metrics)


def _check(key: str, what: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            there = ", ".join(sorted(known)[:MAX_SHOWN]) or "none"
            raise UsageError(
                f"{key}: expected {what}, got {display_value(name)}",
                f"{did_you_mean(name, known)} there are {there}; take it out of [test]".lstrip(),
            )
