"""The three factors of a priority as bars, with unit and source of each."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from packager.tracker.core.issue import Issue
from packager.tracker.core.priority import MIN_PRIORITIES, SEVERITIES, TIMES, formatted, rounded

_SEVERITY = {
    "page": "wakes somebody up",
    "ticket": "somebody has to look at it in working hours",
    "info": "worth knowing",
}
_SHARE = {
    "availability": "of the requests, or replicas, are affected",
    "inputs": "of the rows are elsewhere than in training",
    "quality": "of the predictions are affected",
    "labels": "of the labels are affected",
    "data": "of the rows are affected",
}


class Factor(NamedTuple):
    """A factor: its name, value, bar, and what it says."""

    name: str
    value: str
    bar: Markup
    meaning: str


def factors(issue: Issue) -> list[Factor]:
    """Severity, share and certainty of an issue, as its priority is computed from them."""
    numbers = issue.numbers
    share = rounded(numbers.share)
    meaning = _SHARE.get(issue.family, "of the package is affected")
    return [
        _factor(
            "severity",
            SEVERITIES[numbers.severity],
            f"{numbers.severity}: {_SEVERITY[numbers.severity]}",
        ),
        _factor("share", share, f"{formatted(100 * share)} % {meaning}"),
        _factor(
            "certainty",
            rounded(numbers.certainty),
            "how sure the source is that it is real, 0 to 1",
        ),
    ]


def product(issue: Issue) -> str:
    """The product of 100, severity, share and certainty, and the priority that it gives."""
    numbers = issue.numbers
    parts = (SEVERITIES[numbers.severity], numbers.share, numbers.certainty)
    factors = f" {TIMES} ".join(formatted(part) for part in (100, *parts))
    return f"{factors} = {formatted(issue.priority)}"


def band_reason(issue: Issue) -> str:
    """Why the priority gives this band: ``P2 is from 5 to 30``."""
    band = issue.numbers.rank.band
    if issue.numbers.severity == "page":
        return "P1, because it pages somebody"
    above = MIN_PRIORITIES.get(band - 1)
    least = MIN_PRIORITIES.get(band)
    if above is None:
        return f"P1 begins at {formatted(least or 0)}"
    if least is None:
        return f"P{band} is below {formatted(above)}"
    return f"P{band} is from {formatted(least)} to {formatted(above)}"


def why_first(issue: Issue) -> str:
    """Why an issue stands where it does, in one sentence."""
    numbers = issue.numbers
    affected = factors(issue)[1].meaning
    if numbers.severity == "page":
        sentence = f"It pages somebody, so it is P1: {affected} ({product(issue)})."
    else:
        sentence = (
            f"{affected[0].upper()}{affected[1:]}, certainty {formatted(numbers.certainty)},"
            f" severity {numbers.severity}: {product(issue)}, and {band_reason(issue)}."
        )
    if issue.shift:
        direction = "up" if issue.shift < 0 else "down"
        sentence += f" Moved one band {direction} by hand: {issue.shift_reason}"
    return sentence


def _factor(name: str, value: float, meaning: str) -> Factor:
    bar = Markup(
        '<svg class="factor-bar" width="100%" height="10" role="img" aria-label="{0} {1}">'
        '<rect class="track" width="100%" height="10" rx="5"/>'
        '<rect class="fill {0}" width="{2:.1f}%" height="10" rx="5"/></svg>'
    ).format(name, formatted(value), 100 * value)
    return Factor(name, formatted(value), bar, meaning)
