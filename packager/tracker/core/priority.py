"""Priority: 100 * severity * share * certainty, each with a unit and a source, and its band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from packager.tracker.core.finding import Severity

SEVERITIES: Mapping[Severity, float] = {"page": 1.0, "ticket": 0.6, "info": 0.2}
DRIFT_CERTAINTY = 0.7
"""Certainty that moved inputs matter: the answers may still be right."""
BANDS = (1, 2, 3, 4)
MIN_PRIORITIES: Mapping[int, float] = {1: 30.0, 2: 5.0, 3: 0.5}
"""Band → the smallest priority in it; below all of them is band 4."""
TIMES = "\N{MULTIPLICATION SIGN}"
DIGITS = 4
"""Significant digits of share and certainty, so that the page's numbers give the same product."""
MIN_SHOWN = 1e-9


class Rank(NamedTuple):
    """The three factors of a priority."""

    severity: Severity
    share: float
    certainty: float

    @property
    def priority(self) -> float:
        """Between 0 and 100."""
        return priority(self.severity, self.share, self.certainty)

    @property
    def band(self) -> int:
        """The band without a person's correction."""
        return band(self.severity, self.priority)


def rounded(value: float) -> float:
    """``value`` with ``DIGITS`` significant digits; 0 below ``MIN_SHOWN``."""
    return float(f"{value:.{DIGITS}g}") if abs(value) >= MIN_SHOWN else 0.0


def priority(severity: Severity, share: float, certainty: float) -> float:
    """The product of rounded factors, rounded: what the page shows decides the band."""
    return rounded(100 * SEVERITIES[severity] * rounded(share) * rounded(certainty))


def band(severity: Severity, value: float) -> int:
    """1 to 4; whatever pages somebody is in band 1."""
    if severity == "page":
        return 1
    return next((one for one, least in MIN_PRIORITIES.items() if value >= least), BANDS[-1])


def moved_band(computed: int, shift: int) -> int:
    """The band after a person moved it by ``shift``."""
    return min(max(computed + shift, BANDS[0]), BANDS[-1])


def formatted(value: float) -> str:
    """A factor or priority with ``DIGITS`` significant digits, never as a power of ten."""
    text = f"{rounded(value):.13f}".rstrip("0").rstrip(".")
    return text or "0"


def explanation(rank: Rank, evidence: str, shift: int = 0) -> str:
    """The sentence that explains a priority; its numbers give the priority."""
    factors = (
        f"100 {TIMES} {formatted(SEVERITIES[rank.severity])} ({rank.severity}) {TIMES} "
        f"{formatted(rank.share)} (share) {TIMES} {formatted(rank.certainty)} (certainty)"
    )
    sentence = f"{factors} = {formatted(rank.priority)}: P{rank.band}"
    if rank.severity == "page":
        sentence += ", because it pages"
    if shift:
        direction = "up" if shift < 0 else "down"
        sentence += f", moved one band {direction} to P{moved_band(rank.band, shift)}"
    return f"{sentence}. {evidence}".strip() if evidence else f"{sentence}."
