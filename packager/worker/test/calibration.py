"""Whether the model's confidence means what it meant when the model was packaged."""

from __future__ import annotations

import math
from typing import Any

from monitoring.stats.calibration import (
    CalibrationChange,
    ReliabilityBins,
    calibration_error,
    compare_calibration,
    debiased_gap,
)
from monitoring.stats.distributions import MANY_DEGREES
from monitoring.stats.intervals import wilson
from packager.manifest.policy import CalibrationPolicy
from packager.text import counted
from packager.worker.test.baseline import Baseline
from packager.worker.test.class_baseline import reliability
from packager.worker.test.judged_parts import judged_parts
from packager.worker.test.judged_rows import JudgedData, JudgedRows
from packager.worker.test.report import Check, NotTested
from packager.worker.test.verdict import FamilyResult


def calibration(judged: JudgedData, baseline: Baseline, policy: CalibrationPolicy) -> FamilyResult:
    """Compare new rows with the held-out rows of the same confidence, output by output.

    What is expected comes from the held-out rows alone, and is tested on the new ones.
    """
    parts, left_out = judged_parts(judged)
    is_requested = policy != CalibrationPolicy()
    unjudged = [NotTested(subject=name, why=why) for name, why in left_out.items()]
    judged_outputs = [_part(name, rows, baseline, policy) for name, rows in parts.items()]
    curves = [one.details for one in judged_outputs if one.details]
    details = {**curves[0], "others": curves[1:]} if curves else {}
    checks = [check for one in judged_outputs for check in one.checks]
    for name, one in zip(parts, judged_outputs, strict=True):
        if one.not_judged and name:
            missing = is_requested and bool(one.details)
            unjudged.append(NotTested(subject=name, why=one.not_judged, requested=missing))
    if checks:
        return FamilyResult(checks, details=details, not_tested=unjudged)
    alone = len(judged_outputs) == 1
    why = (
        judged_outputs[0].not_judged if alone else "no output has a confidence that can be compared"
    )
    return FamilyResult(not_judged=why, details=details, not_tested=unjudged)


def _part(
    name: str, judged: JudgedRows, baseline: Baseline, policy: CalibrationPolicy
) -> FamilyResult:
    """The checks of one part; its name goes before theirs."""
    if judged.task != "classification":
        return FamilyResult(not_judged="only labels have a confidence")
    after = reliability(judged)
    packaged = baseline.outputs.get(name) if name else baseline.answers
    before = None if packaged is None else packaged.reliability
    if after is None or before is None:
        return FamilyResult(not_judged="the model gives no probabilities")
    details = _details(name, before.bins, after)
    change = compare_calibration(before.bins, after)
    if change is None:
        rows = counted(len(judged), "labelled row")
        return FamilyResult(
            not_judged=f"too few of {rows}, right or wrong, to compare", details=details
        )
    sizes = int(before.bins.rows.sum()), int(after.rows.sum())
    checks = [_level(change, after, sizes, policy), _curve(change, sizes, policy)]
    if name:
        checks = [
            check.model_copy(
                update={
                    "name": f"{name}: {check.name}",
                    "subject": name,
                    "why": f"{name}: {check.why}",
                }
            )
            for check in checks
        ]
    return FamilyResult(checks, details=details)


def _level(
    change: CalibrationChange,
    after: ReliabilityBins,
    rows: tuple[int, int],
    policy: CalibrationPolicy,
) -> Check:
    """Calibration in the large: overconfidence, summed over all confidences."""
    now, level = after.accuracy, change.level
    expected = now - level.difference
    return Check(
        family="calibration",
        name="accuracy at equal confidence",
        metric="accuracy",
        baseline=expected,
        now=now,
        difference=level.difference,
        worse=-1,
        interval=level.interval(),
        limit=policy.gap,
        rows=rows[1],
        baseline_rows=rows[0],
        p=level.p_value(-1),
        error=level.error,
        degrees=min(level.degrees, MANY_DEGREES),
        headline=True,
        why=f"accuracy {now:.4g}, {expected:.4g} is expected from the confidence of these rows "
        f"({level.difference:+.2g}, the policy allows {policy.gap:.2g}) on {rows[1]:,} rows",
    )


def _curve(change: CalibrationChange, rows: tuple[int, int], policy: CalibrationPolicy) -> Check:
    """The reliability curve: differences in either direction, bin by bin."""
    return Check(
        family="calibration",
        name="reliability curve",
        metric="calibration_gap",
        baseline=0.0,
        now=change.gap,
        difference=change.gap,
        interval=(0.0, change.gap_high),
        limit=policy.gap,
        rows=rows[1],
        baseline_rows=rows[0],
        p=change.p_gap,
        why=f"the reliability curve lies {change.gap:.2g} from that when packaged, beyond "
        f"chance (the policy allows {policy.gap:.2g}), in {change.bins} bins of confidence",
    )


def _details(name: str, before: ReliabilityBins, after: ReliabilityBins) -> dict[str, Any]:
    """The curve for a page: bins with new rows, with 95 % bands; errors of both samples."""
    used = [index for index, rows in enumerate(after.rows) if rows]
    bands = [
        wilson(after.right[at] / after.design_effect, after.rows[at] / after.design_effect)
        for at in used
    ]
    return {
        "output": name,
        "confidence": [after.confidence[at] / after.rows[at] for at in used],
        "accuracy": [after.right[at] / after.rows[at] for at in used],
        "low": [low for low, _ in bands],
        "high": [high for _, high in bands],
        "rows": [int(after.rows[at]) for at in used],
        "packaged_accuracy": [
            before.right[at] / before.rows[at] if before.rows[at] else None for at in used
        ],
        "calibration_error": calibration_error(after),
        "packaged_calibration_error": calibration_error(before),
        "gap": _known(debiased_gap(after)),
        "packaged_gap": _known(debiased_gap(before)),
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
