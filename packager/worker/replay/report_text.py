"""A replay report as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from modelhost.sandbox.network import isolation_line
from packager.worker.replay.report import ModelComparison, ReplayReport

SAME_ENVIRONMENT = "nothing that is recorded differs"


def as_text(report: ReplayReport) -> str:
    """Checks, differences and their possible reasons; the verdict is on the last line."""
    wrong = [check for check in report.checks if not check.ok]
    lines = [f"checks: {len(report.checks) - len(wrong)} of {len(report.checks)} equal"]
    lines += [f"  {c.name}: expected {c.expected}, got {c.actual}" for c in wrong]
    if report.comparison is not None:
        lines += _comparison(report.comparison)
        if not report.metrics:
            lines.append("metrics: none compared")
    for name, check in report.metrics.items():
        ok = "" if check.ok else "  (not accepted)"
        lines.append(f"  {name}: {number(check.recorded)} recorded, {number(check.now)} now{ok}")
    if report.level != "artifact":
        reasons = report.environment_differences or (SAME_ENVIRONMENT,)
        lines += [f"environment: {text}" for text in reasons if report.environment_now]
        lines += [f"possible cause: {text}" for text in report.nondeterminism]
    lines.append(f"checked by: {report.checked_by}")
    lines += [f"  {part}: {who}" for part, who in report.verified_by.items()]
    lines += [f"  isolation: {isolation_line(report.isolation)}"] if report.isolation else []
    claimed = report.required_level if report.claimed else "none"
    built = f", at build: {report.level_at_build}" if report.level_at_build else ""
    lines.append(f"equivalence level: {report.level} (claimed: {claimed}{built})")
    lines.append(verdict(report))
    return "\n".join(lines)


def verdict(report: ReplayReport) -> str:
    """``replay: passed``; for a negative control, whether the change was detected."""
    if report.perturbed:
        detected = (
            "detected" if report.passed else "not detected, so the recipe does not depend on it"
        )
        return f"perturbed: {report.perturbed}: {detected}"
    return f"replay: {'passed' if report.passed else 'failed'}"


def number(value: float | None) -> str:
    """Six significant digits, or ``none``."""
    return "none" if value is None else f"{value:.6g}"


def _comparison(comparison: ModelComparison) -> Iterator[str]:
    flips = f"{comparison.label_flips} label flips, " if comparison.label_flips is not None else ""
    largest = comparison.largest_difference
    shown = "none" if largest is None else f"{largest:g}"
    yield f"predictions: {comparison.rows} held-out rows, {flips}largest difference {shown}"
    if comparison.differing_rows:
        yield f"  held-out rows that differ most: {', '.join(map(str, comparison.differing_rows))}"
    if comparison.artifact:
        return
    state = {True: "equal", False: "differs", None: "can't be inspected"}[comparison.state]
    yield f"model: different bytes; state {state}"
    yield from (f"  {part}" for part in comparison.differing)
    yield from (f"  {part} (not part of the state)" for part in comparison.ignored)
