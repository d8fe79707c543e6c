"""Metrics of models of the time until an event, which some rows have not seen (censored)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from monitoring.scoring.levels import number_name
from monitoring.scoring.metric import Flags, Floats, Metric, Metrics, floats, matrix, mean, present

MAX_PAIRED = 5_000
"""Rows that are compared in pairs: the time grows with its square."""


class Curve(NamedTuple):
    """The chance of staying without the event, after each time (Kaplan & Meier 1958)."""

    times: Floats
    shares: Floats

    def at(self, times: Floats, *, before: bool = False) -> Floats:
        """The chance at each time, shape (n,); ``before``: just before it."""
        side = "left" if before else "right"
        indices = np.searchsorted(self.times, times, side=side)  # type: ignore[call-overload]
        return np.asarray(np.concatenate([[1.0], self.shares])[indices], np.float64)


def kaplan_meier(times: Floats, events: Flags) -> Curve:
    """The curve of rows whose event, or else whose end of observation, was at ``times``."""
    moments = np.unique(times[events])
    at_risk = len(times) - np.searchsorted(np.sort(times), moments, side="left")
    ended = np.sort(times[events])
    count = np.searchsorted(ended, moments, side="right") - np.searchsorted(ended, moments)
    return Curve(moments, np.asarray(np.cumprod(1 - count / at_risk), np.float64))


def risk_metrics(times: Sequence[Any], events: Sequence[Any], answers: Sequence[Any]) -> Metrics:
    """Concordance of risks: higher means an earlier event."""
    value = concordance(floats(times), np.array(events, np.bool_), floats(answers))
    return present({"concordance": None if value is None else Metric(value, None, "share")})


def curve_metrics(
    truth: tuple[Sequence[Any], Sequence[Any]],
    answers: Sequence[Any],
    at: Sequence[float],
    censoring: Curve,
) -> Metrics:
    """Brier scores and concordance of survival probabilities at the times ``at``.

    ``truth``: times and events; ``answers``: rows of probabilities of no event until each time;
    ``censoring``: of the training rows. The Brier score weights rows by the inverse probability of
    being observed (Graf et al. 1999); a row of more censored time than any training row is omitted.
    """
    times, events = floats(truth[0]), np.array(truth[1], np.bool_)
    curves = matrix(answers, len(at))
    metrics: dict[str, Metric | None] = {}
    scores = []
    for index, moment in enumerate(at):
        column = brier(times, events, curves[:, index], moment, censoring)
        scores.append(column)
        metrics[f"brier_{number_name(moment)}"] = mean(column, "positive", part=len(at) > 3)
    metrics["brier"] = mean(np.mean(scores, axis=0), "positive")
    value = concordance(times, events, -curves.mean(axis=1))
    metrics["concordance"] = None if value is None else Metric(value, None, "share")
    return present(metrics)


def brier(times: Floats, events: Flags, chances: Floats, moment: float, censoring: Curve) -> Floats:
    """The weighted squared error of each row, shape (n,); its mean is the Brier score."""
    past, ahead = (times <= moment) & events, times > moment
    seen = censoring.at(times, before=True)
    still = censoring.at(np.array([moment]))[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(past, chances**2 / seen, 0.0)
        scores = np.where(ahead, (1 - chances) ** 2 / still, scores)
    return np.where(np.isfinite(scores), scores, np.nan)


def concordance(times: Floats, events: Flags, risks: Floats) -> float | None:
    """The share of comparable pairs in which the row with the earlier event has the higher risk.

    Harrell's (1982): pairs of equal risks count half, pairs of equal times with two events are not
    compared. None without a pair. Of more than ``MAX_PAIRED`` rows, evenly spaced ones are
    compared.
    """
    known = np.isfinite(times) & np.isfinite(risks)
    times, events, risks = times[known], events[known], risks[known]
    if len(times) > MAX_PAIRED:
        sample = np.linspace(0, len(times) - 1, MAX_PAIRED).astype(int)
        times, events, risks = times[sample], events[sample], risks[sample]
    pairs = right = 0.0
    for row in np.flatnonzero(events):
        later = (times > times[row]) | ((times == times[row]) & ~events)
        pairs += int(later.sum())
        right += int((risks[later] < risks[row]).sum()) + (risks[later] == risks[row]).sum() / 2
    return right / pairs if pairs else None
