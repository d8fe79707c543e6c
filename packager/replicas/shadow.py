"""``package drift --shadow``: is the challenger better? From counters summed over replicas.

The difference of champion and challenger on the same labelled rows has a confidence sequence: an
interval that holds at every look at once, so whoever looks may stop when it no longer contains 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from monitoring.metrics.shadow_labels import BETTER, PAIR_OUTCOMES, ROW_OUTCOMES
from monitoring.slices.slices import ALL
from monitoring.stats.sequential import MIN_ROWS, ConfidenceSequence
from packager.errors import PackageError
from packager.replicas.counters import CounterTotals
from packager.replicas.metric_names import MetricNames

ROWS = "model_shadow_rows_total"
PAIRS = "model_shadow_pairs_total"
PAIRED_LABELS = "model_shadow_paired_labels_total"
ERROR_DIFFERENCE = "model_shadow_error_difference_total"
ERROR_SQUARED = "model_shadow_error_difference_squared_total"
UNPAIRED = "model_shadow_unpaired_labels_total"
CHALLENGER = "model_shadow_challenger_info"
DESIGN_EFFECT = "model_label_design_effect"
SHADOW_NAMES = MetricNames(
    {
        ROWS: ("outcome",),
        PAIRS: ("slice", "champion", "challenger"),
        PAIRED_LABELS: ("slice",),
        ERROR_DIFFERENCE: ("slice", "direction"),
        ERROR_SQUARED: ("slice",),
        UNPAIRED: (),
    },
    {CHALLENGER: ("challenger",), DESIGN_EFFECT: ()},
)
MAX_FAILED_SHARE = 0.01
"""With more rows without an answer, those that remain may be the easy ones: no "better" then."""
LEVEL = 0.95
MIN_VARIANCE = 1e-9
"""Of the mean square: a smaller variance is rounding."""

ShadowVerdict = Literal["challenger better", "challenger worse", "undecided"]


class PairedSums(NamedTuple):
    """Sums over the labelled rows of a slice: of (challenger's score - champion's), and squares."""

    pairs: float
    total: float
    squares: float


@dataclass(frozen=True)
class ShadowSlice:
    """Champion and challenger on the labelled rows of one slice."""

    name: str
    pairs: float
    champion: float | None
    """Accuracy; None for a regression, whose counters hold differences only."""
    challenger: float | None
    difference: float
    """Improvement by the challenger: of accuracy, or of the mean absolute error."""
    low: float
    """Of the interval of ``difference`` for every look; over all other slices together too."""
    high: float

    @property
    def verdict(self) -> ShadowVerdict:
        """The verdict on this slice alone."""
        if self.low > 0:
            return "challenger better"
        return "challenger worse" if self.high < 0 else "undecided"


@dataclass(frozen=True)
class ShadowReport:
    """The result of ``package drift --shadow`` for one version of the champion."""

    model: str
    version: str
    source: str
    challengers: tuple[str, ...]
    """Versions that answered as challenger."""
    rows: Mapping[str, float]
    """Outcome → sampled rows."""
    unpaired: float
    """Labels of rows without an answer of the challenger."""
    horizon: float
    """Independent labels for which the interval is narrowest."""
    slices: tuple[ShadowSlice, ...]
    regression: bool
    """Whether differences are of errors."""

    @property
    def failed_share(self) -> float:
        """Sent rows that the challenger did not answer; NaN if none was sent."""
        sent = sum(self.rows.values()) - self.rows.get("dropped", 0.0)
        return self.rows.get("failed", 0.0) / sent if sent else math.nan

    @property
    def verdict(self) -> ShadowVerdict:
        """The verdict over all rows."""
        return self._judged()[0]

    @property
    def why(self) -> str:
        """The reason of the verdict."""
        return self._judged()[1]

    def as_json(self) -> dict[str, Any]:
        """Plain data; undefined values are null."""
        document = {**asdict(self), "verdict": self.verdict, "why": self.why}
        document["failed_share"] = self.failed_share
        document["slices"] = [
            {**asdict(slice_), "verdict": slice_.verdict} for slice_ in self.slices
        ]
        plain: dict[str, Any] = _plain(document)
        return plain

    @property
    def _lost(self) -> str:
        """Number of sampled rows without an answer; an absent challenger is sent few of them."""
        failed, dropped = (round(self.rows.get(one, 0.0)) for one in ("failed", "dropped"))
        if not failed and not dropped:
            return ""
        sampled = round(sum(self.rows.values()))
        return f"; of {sampled:,} sampled rows {failed:,} failed and {dropped:,} were dropped"

    def _judged(self) -> tuple[ShadowVerdict, str]:
        every = next((slice_ for slice_ in self.slices if slice_.name == ALL), None)
        if len(self.challengers) > 1:
            named = ", ".join(self.challengers)
            return "undecided", f"{len(self.challengers)} versions answered as challenger: {named}"
        if every is None or not every.pairs:
            return "undecided", f"no label of a row that both answered has come{self._lost}"
        if not math.isfinite(every.low):
            return "undecided", f"fewer than {MIN_ROWS} independent labels, or no row differs"
        if every.verdict == "challenger better" and not self.failed_share <= MAX_FAILED_SHARE:
            share = f"{self.failed_share:.1%} of the rows that it was sent"
            why = f"the challenger failed on {share}, which may be hard ones{self._lost}"
            return "undecided", why
        if every.verdict == "undecided":
            return "undecided", "the interval contains 0"
        return every.verdict, "the interval does not contain 0, at this and every earlier look"


def shadow_report(totals: CounterTotals, design_effect: float, horizon: float) -> ShadowReport:
    """Compare champion and challenger; raises ``PackageError`` if there is no shadow.

    ``horizon``: as of a ``ConfidenceSequence``, chosen before the first look. Labels are divided
    by the larger of ``design_effect`` and that of the package.
    """
    rows = totals.of(ROWS)
    if not rows:
        raise PackageError(
            f"{totals.source}: expected the counters of a shadow, got none",
            "start the champion with MODEL_SHADOW=http://… (docs/shadow.md)",
        )
    effect = max(design_effect, *totals.of(DESIGN_EFFECT).values(), 1.0)
    sums = _of_classes(totals) or _of_errors(totals)
    names = sorted(sums, key=lambda name: (name != ALL, name))
    others = max(1, len(names) - 1)
    return ShadowReport(
        model=totals.model,
        version=totals.version,
        source=totals.source,
        challengers=tuple(sorted(name for (name,) in totals.of(CHALLENGER))),
        rows={outcome: rows.get((outcome,), 0.0) for outcome in ROW_OUTCOMES},
        unpaired=totals.of(UNPAIRED).get((), 0.0),
        horizon=horizon,
        slices=tuple(
            _slice(totals, name, sums[name], effect, _sequence(name, others, horizon))
            for name in names
        ),
        regression=bool(totals.of(PAIRED_LABELS)),
    )


def _sequence(name: str, others: int, horizon: float) -> ConfidenceSequence:
    """All rows at the level; the other slices share the error (Bonferroni)."""
    level = LEVEL if name == ALL else 1 - (1 - LEVEL) / others
    return ConfidenceSequence(level, horizon)


def _slice(
    totals: CounterTotals, name: str, sums: PairedSums, effect: float, sequence: ConfidenceSequence
) -> ShadowSlice:
    if not sums.pairs:
        return ShadowSlice(name, 0.0, None, None, math.nan, -math.inf, math.inf)
    mean, second = sums.total / sums.pairs, sums.squares / sums.pairs
    # Rows that all differ alike have no variance of their own.
    variance = second - mean**2 if second - mean**2 > MIN_VARIANCE * second else second
    half = sequence.half_width(sums.pairs / effect, variance)
    pairs = totals.of(PAIRS)
    right, wrong = PAIR_OUTCOMES
    both = pairs.get((name, right, right), 0.0)
    ours = theirs = None
    if pairs:
        ours = (both + pairs.get((name, right, wrong), 0.0)) / sums.pairs
        theirs = (both + pairs.get((name, wrong, right), 0.0)) / sums.pairs
    return ShadowSlice(name, sums.pairs, ours, theirs, mean, mean - half, mean + half)


def _of_classes(totals: CounterTotals) -> dict[str, PairedSums]:
    """The sums of a classifier, from its four-fold tables."""
    pairs = totals.of(PAIRS)
    right, wrong = PAIR_OUTCOMES
    sums = {}
    for name in {name for name, _, _ in pairs}:
        gained, lost = pairs.get((name, wrong, right), 0.0), pairs.get((name, right, wrong), 0.0)
        count = sum(value for (its, _, _), value in pairs.items() if its == name)
        sums[name] = PairedSums(count, gained - lost, gained + lost)
    return sums


def _of_errors(totals: CounterTotals) -> dict[str, PairedSums]:
    """The sums of a regression: champion's absolute error minus the challenger's."""
    sums: dict[str, PairedSums] = {}
    squares = totals.of(ERROR_SQUARED)
    for (name,), pairs in totals.of(PAIRED_LABELS).items():
        total = sum(
            value if direction == BETTER else -value
            for (its, direction), value in totals.of(ERROR_DIFFERENCE).items()
            if its == name
        )
        sums[name] = PairedSums(pairs, total, squares.get((name,), 0.0))
    return sums


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
