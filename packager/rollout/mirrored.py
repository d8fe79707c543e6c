"""The verdict on rows that both versions were sent: refusals and failures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from packager.rollout.mirrored_requests import MirroredRows
from packager.rollout.verdict import GateCheck, Outcome

NAME = "mirrored rows"


def same_inputs(old: Any, new: Any) -> bool:
    """Whether two documents of ``/schema`` describe the same columns of the same kinds."""
    return _inputs(old) == _inputs(new)


def _inputs(found: Any) -> list[tuple[Any, Any]]:
    columns = found.get("features") if isinstance(found, dict) else None
    listed = columns if isinstance(columns, list) else []
    return sorted(
        (str(one.get("name")), str(one.get("kind"))) for one in listed if isinstance(one, dict)
    )


def judge_mirrored(found: MirroredRows, *, same_inputs: bool) -> GateCheck:
    """A version fails if it does not answer what the other one answers.

    A row that it refuses fails it only if the inputs are the same: with others it may be right.
    """
    sent = found.pairs + _unanswered(found)
    parts = [f"{found.pairs} of {sent} answered by both"]
    if found.pairs:
        parts.append(f"{found.other_answers / found.pairs:.1%} with another answer")
    if found.incomparable:
        parts.append(f"{found.incomparable} whose answers have other forms, not compared")
    if found.other_answers and found.differences:
        half, most = _quantiles(found.differences)
        parts.append(f"difference of half of them up to {half:.2g}, of 95 % up to {most:.2g}")
    if not same_inputs:
        parts.append("the inputs of the two versions differ")
    refusals = (
        (found.refused_by_new, "only the new version"),
        (found.refused_by_old, "only the earlier version"),
        (found.refused_by_both, "both"),
    )
    parts += [f"{count} refused by {who}, not compared" for count, who in refusals if count]
    if found.refusal and found.refused_by_new:
        parts.append(found.refusal)
    if found.failed_by_old:
        parts.append(f"{found.failed_by_old} not answered by the earlier version")
    if found.failed_by_new:
        parts.append(f"{found.failed_by_new} not answered by the new version: {found.failure}")
    return GateCheck(NAME, _outcome(found, same_inputs), "; ".join(parts), _numbers(found))


def _outcome(found: MirroredRows, same_inputs: bool) -> Outcome:
    worse = found.failed_by_new > found.failed_by_old
    if worse or (same_inputs and found.refused_by_new > 0):
        return "failed"
    return "passed" if found.pairs else "too few"


def _unanswered(found: MirroredRows) -> int:
    refused = found.refused_by_old + found.refused_by_new + found.refused_by_both
    return refused + max(found.failed_by_old, found.failed_by_new)


def _numbers(found: MirroredRows) -> dict[str, Any]:
    names = ("refused_by_old", "refused_by_new", "refused_by_both")
    more = ("failed_by_old", "failed_by_new", "other_answers", "incomparable", "pairs")
    half, most = _quantiles(found.differences)
    numbers = {name: getattr(found, name) for name in (*names, *more)}
    return {**numbers, "difference": {"median": half, "quantile_95": most}}


def _quantiles(differences: Sequence[float]) -> tuple[float | None, float | None]:
    """The median and the 95 % quantile, each one of the values; None without any."""
    if not differences:
        return None, None
    found = sorted(differences)
    return found[(len(found) - 1) // 2], found[math.ceil(0.95 * len(found)) - 1]
