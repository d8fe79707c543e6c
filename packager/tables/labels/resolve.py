"""Resolve the labels of several annotators to one, and find the rows on which they disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from statistics import fmean, median

import pandas as pd

from packager.manifest.label_schemes import LabelScheme

MAX_SHOWN_VOTES = 6
MIN_DISPUTE_SCORE = 0.5
"""Score of a dispute in which hardly any annotator disagrees; of a tie it is 0.85."""
_TIE_SCORE = 0.85


@dataclass(frozen=True)
class RowLabel:
    """The labels of one row in one scheme."""

    key: str
    label: str | None
    """As stored; None if the annotators disagree so that there is none."""
    annotators: int
    dispute: float | None
    """Score of the disagreement, 0.5 to 0.85; None if there is none."""
    votes: str
    """``'good' (ann, bob), 'bad' (cy)``."""


def resolve(labels: pd.DataFrame, scheme: LabelScheme) -> Iterator[RowLabel]:
    """One result for each labelled row, sorted by key.

    ``labels``: those of the scheme, with the columns key, annotator and label. A majority is a
    class with more labels than any other: a tie has no label.
    """
    rows = sorted(zip(labels["key"], labels["annotator"], labels["label"], strict=True))
    if scheme.kind == "number":
        spreads = (max(numbers) - min(numbers) for _, numbers in _numbers(rows))
        widest = max(spreads, default=0.0)
    for key, group in groupby(rows, key=itemgetter(0)):
        votes = [(annotator, label) for _, annotator, label in group]
        if scheme.kind == "number":
            yield _number(key, votes, scheme, widest)
        else:
            yield _class(key, votes, scheme)


def _class(key: str, labels: list[tuple[str, str]], scheme: LabelScheme) -> RowLabel:
    counts = Counter(label for _, label in labels).most_common()
    first, top = counts[0]
    tied = len(counts) > 1 and counts[1][1] == top
    agreed = len(counts) == 1
    label = None if tied or (scheme.resolve == "unanimous" and not agreed) else first
    # Half of the labels against the first is the most that leaves it a majority.
    against = min(1.0, 2 * (1 - top / len(labels)))
    score = None if agreed else _score(1.0 if label is None else against)
    return RowLabel(key, label, len(labels), score, _votes(labels))


def _number(
    key: str, labels: list[tuple[str, str]], scheme: LabelScheme, widest: float
) -> RowLabel:
    numbers = [float(label) for _, label in labels]
    centre = median(numbers) if scheme.resolve == "median" else fmean(numbers)
    spread = max(numbers) - min(numbers)
    score = _score(spread / widest) if spread > scheme.tolerance else None
    return RowLabel(key, repr(float(centre)), len(labels), score, _votes(labels))


def _numbers(rows: list[tuple[str, str, str]]) -> Iterator[tuple[str, list[float]]]:
    for key, group in groupby(rows, key=itemgetter(0)):
        yield key, [float(label) for _, _, label in group]


def _score(share: float) -> float:
    return MIN_DISPUTE_SCORE + (_TIE_SCORE - MIN_DISPUTE_SCORE) * share


def _votes(labels: list[tuple[str, str]]) -> str:
    by_label: dict[str, list[str]] = {}
    for annotator, label in labels:
        by_label.setdefault(label, []).append(annotator)
    order = sorted(by_label.items(), key=lambda one: (-len(one[1]), one[0]))
    shown = [f"{label!r} ({', '.join(names)})" for label, names in order[:MAX_SHOWN_VOTES]]
    return ", ".join(shown) + (", …" if len(order) > MAX_SHOWN_VOTES else "")
