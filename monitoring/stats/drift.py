"""Whether a feature's live values are distributed as in training: effect and significance.

Everything is computed from counts per bin, which add up over workers and replicas. ``promql.py``
writes the same formulas in PromQL, with these constants; a property test compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PRIOR_ROWS = 10.0
"""Pseudo-rows, distributed as the reference, added to the live rows."""
BIN_PRIOR = 0.5
"""Added to every reference count (Krichevsky and Trofimov 1981): no share is 0."""
MIN_PSI = 0.2
"""The customary limit (Siddiqi 2006): a normal feature that moved by 0.45 standard deviations."""
MIN_PSI_Z = 4.5
"""One-sided p = 3.4e-6: with 20 features decided on four times a day, a false alarm in 10 years."""
MIN_PSI_ROWS = 500
"""Fewer (effective) rows than this decide nothing."""
MAX_RECOVERED_Z = 1.645
"""One-sided p = 0.05: an hour below it looks like the reference again."""
MIN_ANOMALY_RISE = 0.02
"""Share of anomalies (missing, unseen, out of range) above that of the training rows."""
MIN_ANOMALY_Z = 4.5
MIN_ANOMALY_ROWS = 100


@dataclass(frozen=True)
class Drift:
    """One feature's live rows against its reference."""

    rows: float
    """Live rows in a bin; a float because Prometheus extrapolates."""
    reference_rows: float
    bins: int
    psi: float
    noise: float
    """The mean of ``psi`` where nothing has drifted."""
    z: float
    """Standard normal where nothing has drifted; NaN without rows."""
    p_value: float
    """One-sided; NaN without rows."""
    js: float
    """In bits, from 0 to 1."""
    drifting: bool


def measure_drift(
    counts: Sequence[float], reference: Sequence[float], *, design_effect: float = 1.0
) -> Drift:
    """Compare the live ``counts`` with the ``reference`` counts of the same bins, at least two.

    ``design_effect`` (Kish 1965), at least 1, is how many dependent rows are worth one
    independent row: sessions, retries and daily cycles make rows dependent. Raises ``ValueError``
    for other numbers of bins, a negative count, or a reference without rows.
    """
    live, frozen = _checked(counts, reference)
    n, m, bins = float(live.sum()), float(frozen.sum()), len(frozen)
    psi = population_stability_index(live, frozen)
    z = z_score(psi, n, m, bins, design_effect)
    return Drift(
        rows=n,
        reference_rows=m,
        bins=bins,
        psi=psi,
        noise=expected_psi(n / design_effect, m, bins),
        z=z,
        p_value=p_value(z),
        js=jensen_shannon(live, frozen),
        drifting=is_drift(psi, z, n / design_effect),
    )


def is_drift(psi: float, z: float, rows: float) -> bool:
    """Effect and significance and enough (effective) rows; NaN is no drift."""
    return psi > MIN_PSI and z > MIN_PSI_Z and rows >= MIN_PSI_ROWS


def is_anomalous(ratio: float, reference: float, z: float, rows: float) -> bool:
    """Whether anomalies are more frequent than in training: effect, significance, enough rows.

    ``z`` is ``accuracy.share_z`` of the share ``ratio`` against ``reference``; NaN is no alarm.
    """
    return ratio - reference > MIN_ANOMALY_RISE and z > MIN_ANOMALY_Z and rows >= MIN_ANOMALY_ROWS


def population_stability_index(counts: Sequence[float] | Floats, reference: Floats) -> float:
    """PSI: ``sum((p - q) * ln(p / q))``, the symmetric divergence J of Jeffreys (1946).

    ``q`` are the reference shares and ``p`` the live shares shrunk towards them, so that no
    rows give exactly 0 and no bin divides by 0.
    """
    p, q = _shares(np.asarray(counts, np.float64), reference)
    return float(((p - q) * np.log(p / q)).sum())


def jensen_shannon(counts: Sequence[float] | Floats, reference: Floats) -> float:
    """Jensen-Shannon divergence (Lin 1991) in bits, of the same shrunk shares: from 0 to 1.

    Its noise: for near shares it is ``psi / (8 ln 2)``, so its mean where nothing has drifted is
    ``expected_psi / (8 ln 2)``, and ``z`` says for it too what is significant.
    """
    p, q = _shares(np.asarray(counts, np.float64), reference)
    parts = 0.5 * p * np.log2(2 * p / (p + q)) + 0.5 * q * np.log2(2 * q / (p + q))
    return max(0.0, float(parts.sum()))  # rounding may leave it below


def expected_psi(n: float, m: float, bins: int) -> float:
    """Mean PSI of ``n`` live rows and ``m`` reference rows of one distribution; infinite for 0.

    ``psi / (1/n + 1/m)`` is nearly chi-square with ``bins - 1`` degrees of freedom
    (Yurdakul and Naranjo 2020).
    """
    return (bins - 1) * (1 / n + 1 / m) if n > 0 else math.inf


def z_score(psi: float, n: float, m: float, bins: int, design_effect: float = 1.0) -> float:
    """The chi-square of ``expected_psi`` as a standard normal number (Wilson and Hilferty 1931).

    NaN without live rows. One limit then holds for every feature and number of rows.
    """
    if n <= 0:
        return math.nan
    freedom = bins - 1
    ratio = psi / (design_effect / n + 1 / m) / freedom
    spread = 2 / (9 * freedom)
    return float((ratio ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def p_value(z: float) -> float:
    """Probability of a standard normal number above ``z``."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Each p-value adjusted for how many there are (Benjamini and Hochberg 1995), in their order.

    Calling drift what is at most ``q`` keeps the expected share of false calls at ``q``. NaN
    stays NaN and counts for nothing.
    """
    adjusted = list(p_values)
    known = [place for place, p in enumerate(p_values) if not math.isnan(p)]
    least = 1.0
    for rank, place in sorted(
        enumerate(sorted(known, key=lambda place: p_values[place]), 1), reverse=True
    ):
        least = min(least, p_values[place] * len(known) / rank)
        adjusted[place] = least
    return adjusted


def _shares(counts: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Live shares (shrunk) and reference shares."""
    q = (reference + BIN_PRIOR) / (reference.sum() + BIN_PRIOR * len(reference))
    return (counts + PRIOR_ROWS * q) / (counts.sum() + PRIOR_ROWS), q


def _checked(counts: Sequence[float], reference: Sequence[float]) -> tuple[Floats, Floats]:
    live, frozen = np.asarray(counts, np.float64), np.asarray(reference, np.float64)
    if len(live) != len(frozen) or len(frozen) < 2:
        raise ValueError(f"expected the same bins, two or more, got {len(live)}, {len(frozen)}")
    if not ((live >= 0).all() and (frozen >= 0).all() and frozen.sum() > 0):
        raise ValueError("expected counts of 0 or more, and a reference with rows")
    return live, frozen
