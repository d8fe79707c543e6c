"""Whether a new version answers worse than the earlier one, by the labels of both, slice by slice.

Labels come late, so that a canary may end with few: they can refuse a version, but their absence
refuses none, and is never called a pass.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import quote

from monitoring.slices.slices import ALL
from packager.deploy.parts import PROMETHEUS
from packager.deploy.prometheus.promql import quoted
from packager.errors import PackageError
from packager.progress import Progress
from packager.rollout.canary import CanaryRule, p_value, power
from packager.rollout.compose_command import ComposeCommand
from packager.rollout.proxy_control import SlotTraffic
from packager.rollout.verdict import GateCheck

NAME = "labels"
WRONG = "wrong"
JUDGED = ("correct", WRONG)
LABEL_RULE = CanaryRule(increase=0.05)
"""Five percentage points more wrong answers have to be seen; else a pass says too little."""
Counts = Mapping[tuple[str, str], SlotTraffic]
"""(version, slice) → labelled rows, and those that were answered wrongly."""


def read_labels(compose: ComposeCommand, model: str) -> Counts:
    """The label counts of ``model``'s versions in the deployment's Prometheus.

    Empty for a regression, whose labels are neither right nor wrong. Raises ``PackageError`` if
    Prometheus does not answer.
    """
    address = f"http://127.0.0.1:9090{labels_path(model)}"
    output = compose.run("exec", "-T", PROMETHEUS, "wget", "-q", "-O", "-", address)
    return parse_labels(output)


def known_labels(read: Callable[[], Counts], progress: Progress) -> Counts | None:
    """The result of ``read``; None, with a warning, if Prometheus has none."""
    try:
        return read()
    except PackageError as error:
        progress.warn(f"labels are not compared: {error.message}")
        return None


def labels_path(model: str) -> str:
    """Path and query by which Prometheus tells the labels of ``model``'s versions."""
    query = f"sum by (version, slice, outcome) (model_feedback_total{{model={quoted(model)}}})"
    return f"/api/v1/query?query={quote(query)}"


def parse_labels(output: str) -> Counts:
    """The counts in Prometheus's answer; raises ``PackageError`` for another answer."""
    counts: dict[tuple[str, str], SlotTraffic] = {}
    try:
        for one in json.loads(output)["data"]["result"]:
            labels, count = one["metric"], round(float(one["value"][1]))
            if labels["outcome"] in JUDGED:
                key = labels["version"], labels["slice"]
                before = counts.get(key, SlotTraffic(0, 0))
                wrong = count if labels["outcome"] == WRONG else 0
                counts[key] = SlotTraffic(before.requests + count, before.failures + wrong)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise PackageError(
            f"expected Prometheus's answer to a query, got {output[:80]!r}",
            "see the log of prometheus",
        ) from error
    return counts


def judge_labels(
    versions: tuple[str, str],
    before: Counts | None,
    now: Counts | None,
    rule: CanaryRule = LABEL_RULE,
) -> GateCheck:
    """The verdict on the labels since ``before``; ``versions``: the earlier one, the new one.

    None: Prometheus could not say.

    Fisher's exact test in each slice; the alarm rate is shared among the slices (Bonferroni), so
    that a version no worse in any is refused with a probability of at most ``rule.alarm``.
    """
    if before is None or now is None:
        said = "Prometheus, which counts labels, is no part of this deployment or did not answer"
        return GateCheck(NAME, "skipped", said)
    nothing = SlotTraffic(0, 0)
    slices: dict[str, tuple[SlotTraffic, SlotTraffic]] = {}
    for name in sorted({name for _, name in now}):
        counts = [
            now.get((version, name), nothing).since(before.get((version, name), nothing))
            for version in versions
        ]
        if all(one.requests for one in counts):
            slices[name] = counts[0], counts[1]
    if ALL not in slices:
        return GateCheck(NAME, "skipped", "no right or wrong labels came for both versions")
    own = replace(rule, alarm=rule.alarm / len(slices))
    values = {name: p_value(*pair) for name, pair in slices.items()}
    worst = min(values, key=lambda name: (values[name], name))
    seen = power(slices[ALL][0], slices[ALL][1].requests, own)
    numbers = _numbers(slices, values, own, seen)
    if values[worst] < own.alarm:
        reason = _reason(worst, *slices[worst], values[worst])
        return GateCheck(NAME, "failed", reason, numbers)
    reason = _reason(ALL, *slices[ALL], values[ALL])
    bound_text = (
        f"{own.increase:.1%} more wrong answers would be seen with a probability of {seen:.0%}"
    )
    if seen >= own.power:
        return GateCheck(NAME, "passed", f"{reason}; {bound_text}", numbers)
    return GateCheck(NAME, "skipped", f"{reason}; too few labels to tell: {bound_text}", numbers)


def _reason(name: str, old: SlotTraffic, new: SlotTraffic, value: float) -> str:
    where = "" if name == ALL else f" of {name}"
    return (
        f"{new.failures} of {new.requests} labelled rows{where} were answered wrongly, beside "
        f"{old.failures} of {old.requests} of the earlier version (p {value:.2g})"
    )


def _numbers(
    slices: Mapping[str, tuple[SlotTraffic, SlotTraffic]],
    values: Mapping[str, float],
    rule: CanaryRule,
    seen: float,
) -> dict[str, Any]:
    return {
        "slices": {
            name: {"old": asdict(old), "new": asdict(new), "p": values[name]}
            for name, (old, new) in slices.items()
        },
        "power": seen,
        "rule": asdict(rule),
    }
