"""An observation whose share and certainty somebody else measures: Prometheus, of an alert."""

from __future__ import annotations

from packager.tracker.core.issue import Issue, Transition, worst
from packager.tracker.core.priority import formatted
from packager.tracker.core.states import doubled_reason, woken


def measured(
    issue: Issue, observation: str, share: float | None, certainty: float | None, now: float
) -> Transition:
    """The issue with the numbers of an observation; one that is not known stays as it was."""
    seen = issue.active.get(observation)
    if seen is None or (share is None and certainty is None):
        return Transition(issue=issue)
    numbers = {
        "share": seen.share if share is None else share,
        "certainty": seen.certainty if certainty is None else certainty,
        "evidence": _evidence(share, certainty),
        "measured": True,
    }
    active = {**issue.active, observation: seen.model_copy(update=numbers)}
    changed = issue.with_changes({"active": active, "numbers": worst(active.values(), seen)})
    reason = doubled_reason(changed)
    return Transition(issue=changed) if reason is None else woken(changed, now, reason)


def _evidence(share: float | None, certainty: float | None) -> str:
    known = {"share": share, "certainty": certainty}
    numbers = [f"{name} {formatted(value)}" for name, value in known.items() if value is not None]
    text = f"Prometheus answers: {', '.join(numbers)}."
    unknown = [name for name, value in known.items() if value is None]
    return text + "".join(f" It has no answer about the {name}." for name in unknown)
