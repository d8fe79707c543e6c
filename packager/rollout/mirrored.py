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


def _inputs(schema: Any) -> list[tuple[Any, Any]]:
    columns = schema.get("features") if isinstance(schema, dict) else None
    listed = columns if isinstance(columns, list) else []
    return sorted(
        (str(one.get("name")), str(one.get("kind"))) for one in listed if isinstance(one, dict)
    )


def judge_mirrored(mirrored: MirroredRows, *, same_inputs: bool) -> GateCheck:
    """A version fails if it does not answer what the other one answers.

    A row that it refuses fails it only if the inputs are the same: with others it may be right.
    """
    sent = mirrored.pairs + _unanswered(mirrored)
    parts = [f"{mirrored.pairs} of {sent} answered by both"]
    if mirrored.pairs:
        parts.append(f"{mirrored.other_answers / mirrored.pairs:.1%} with another answer")
    if mirrored.incomparable:
        parts.append(f"{mirrored.incomparable} whose answers have other forms, not compared")
    if mirrored.other_answers and mirrored.differences:
        half, most = _quantiles(mirrored.differences)
        parts.append(f"difference of half of them up to {half:.2g}, of 95 % up to {most:.2g}")
    if not same_inputs:
        parts.append("the inputs of the two versions differ")
    refusals = (
        (mirrored.refused_by_new, "only the new version"),
        (mirrored.refused_by_old, "only the earlier version"),
        (mirrored.refused_by_both, "both"),
    )
    parts += [f"{count} refused by {who}, not compared" for count, who in refusals if count]
    if mirrored.refusal and mirrored.refused_by_new:
        parts.append(mirrored.refusal)
    if mirrored.failed_by_old:
        parts.append(f"{mirrored.failed_by_old} not answered by the earlier version")
    if mirrored.failed_by_new:
        parts.append(
            f"{mirrored.failed_by_new} not answered by the new version: {mirrored.failure}"
        )
    return GateCheck(NAME, _outcome(mirrored, same_inputs), "; ".join(parts), _numbers(mirrored))


def _outcome(mirrored: MirroredRows, same_inputs: bool) -> Outcome:
    worse = mirrored.failed_by_new > mirrored.failed_by_old
    if worse or (same_inputs and mirrored.refused_by_new > 0):
        return "failed"
    return "passed" if mirrored.pairs else "too few"


def _unanswered(mirrored: MirroredRows) -> int:
    refused = mirrored.refused_by_old + mirrored.refused_by_new + mirrored.refused_by_both
    return refused + max(mirrored.failed_by_old, mirrored.failed_by_new)


def _numbers(mirrored: MirroredRows) -> dict[str, Any]:
    names = ("refused_by_old", "refused_by_new", "refused_by_both")
    more = ("failed_by_old", "failed_by_new", "other_answers", "incomparable", "pairs")
    half, most = _quantiles(mirrored.differences)
    numbers = {name: getattr(mirrored, name) for name in (*names, *more)}
    return {**numbers, "difference": {"median": half, "quantile_95": most}}


def _quantiles(differences: Sequence[float]) -> tuple[float | None, float | None]:
    """The median and the 95 % quantile, each one of the values; None without any."""
    if not differences:
        return None, None
    ordered = sorted(differences)
    return ordered[(len(ordered) - 1) // 2], ordered[math.ceil(0.95 * len(ordered)) - 1]
