"""Tests whether a feature's live values are distributed as in training: effect and significance.

Everything is computed from counts per bin, which can be summed over workers and replicas.
``packager/deploy/prometheus/promql.py`` has the same formulas in PromQL, with these constants; a
property test compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitoring.stats.distributions import normal_quantile, normal_tail

Floats = npt.NDArray[np.float64]

PRIOR_ROWS = 10.0
"""Pseudo-rows with the reference distribution, added to the live rows."""
BIN_PRIOR = 0.5
"""Added to every reference count (Krichevsky and Trofimov 1981), so that no share is 0."""
MIN_PSI = 0.2
"""The customary limit (Siddiqi 2006): a normal feature shifted by 0.45 standard deviations."""
MIN_PSI_Z = 4.5
"""One-sided p = 3.4e-6: 20 features tested four times a day give one false alarm in 10 years."""
MIN_PSI_ROWS = 500
"""With fewer (effective) rows there is no alert."""
MAX_RECOVERED_Z = 1.645
"""One-sided p = 0.05: below it, an hour counts as distributed like the reference again."""
MIN_ANOMALY_RISE = 0.02
"""Increase of the share of anomalies (missing, unseen, out of range) over the training rows."""
MIN_ANOMALY_Z = 4.5
MIN_ANOMALY_ROWS = 100


@dataclass(frozen=True)
class Drift:
    """The comparison of one feature's live rows with its reference."""

    rows: float
    """Live rows in a bin; a float because Prometheus extrapolates."""
    reference_rows: float
    bins: int
    psi: float
    noise: float
    """The expected ``psi`` without drift."""
    z: float
    """Standard normal without drift; NaN without rows."""
    p_value: float
    """One-sided; NaN without rows."""
    js: float
    """In bits, from 0 to 1."""
    total_variation: float
    """The share of rows that would have to be in other bins, from 0 to 1."""
    drifting: bool


def measure_drift(
    counts: Sequence[float], reference: Sequence[float], *, design_effect: float = 1.0
) -> Drift:
    """Compare the live ``counts`` with the ``reference`` counts of the same bins, at least two.

    ``design_effect`` (Kish 1965), at least 1, is the number of dependent rows equivalent to one
    independent row: sessions, retries and daily cycles make rows dependent. Raises ``ValueError``
    for different numbers of bins, a negative count, or a reference without rows.
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
        p_value=normal_tail(z),
        js=jensen_shannon(live, frozen),
        total_variation=total_variation(live, frozen),
        drifting=is_drift(psi, z, n / design_effect),
    )


def is_drift(psi: float, z: float, rows: float) -> bool:
    """Whether effect, significance and (effective) rows are sufficient; NaN is no drift."""
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

    For similar shares it is ``psi / (8 ln 2)``, so its expectation without drift is
    ``expected_psi / (8 ln 2)``, and ``z`` gives its significance too.
    """
    p, q = _shares(np.asarray(counts, np.float64), reference)
    parts = 0.5 * p * np.log2(2 * p / (p + q)) + 0.5 * q * np.log2(2 * q / (p + q))
    return max(0.0, float(parts.sum()))  # rounding may make it negative


def total_variation(counts: Sequence[float] | Floats, reference: Floats) -> float:
    """Half the sum of the absolute differences of the same shrunk shares: from 0 to 1."""
    p, q = _shares(np.asarray(counts, np.float64), reference)
    return float(np.abs(p - q).sum() / 2)


def expected_psi(n: float, m: float, bins: int) -> float:
    """Mean PSI of ``n`` live and ``m`` reference rows of one distribution; infinite for n = 0.

    ``psi / (1/n + 1/m)`` is nearly chi-square with ``bins - 1`` degrees of freedom
    (Yurdakul and Naranjo 2020).
    """
    return (bins - 1) * (1 / n + 1 / m) if n > 0 else math.inf


def z_score(psi: float, n: float, m: float, bins: int, design_effect: float = 1.0) -> float:
    """The chi-square of ``expected_psi`` as a standard normal value (Wilson and Hilferty 1931).

    NaN without live rows. One threshold then applies to every feature and number of rows.
    """
    if n <= 0:
        return math.nan
    freedom = bins - 1
    ratio = psi / (design_effect / n + 1 / m) / freedom
    spread = 2 / (9 * freedom)
    return float((ratio ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def visible_psi(scale: float, bins: int, alpha: float, power: float = 0.8) -> float:
    """The smallest true PSI that a test at ``alpha`` finds with the probability ``power``.

    ``scale`` is ``design_effect / n + 1 / m``. Both the chi-square and the non-central one are
    approximated: by Wilson and Hilferty (1931), and by the normal distribution of equal moments.
    """
    freedom = bins - 1
    spread = 2 / (9 * freedom)
    critical = freedom * (1 - spread + normal_quantile(1 - alpha) * math.sqrt(spread)) ** 3
    # (freedom + x - critical) = quantile · sqrt(2 · freedom + 4 · x), for the non-centrality x
    quantile, short = normal_quantile(power), critical - freedom
    root = math.sqrt(short + quantile**2 + freedom / 2)
    shift = short + 2 * quantile**2 + 2 * quantile * root
    return max(0.0, shift) * scale


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
