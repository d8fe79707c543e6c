"""``package data label-queue``: chooses the rows to label next, with known probabilities.

A row's size is a mixture of the reasons to label it and of equal parts for all, so that every row
has a chance, and ``monitoring.stats.selection`` draws in proportion to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from monitoring.profile.profile import Profile
from monitoring.stats.active_sampling import anticipated_variance
from monitoring.stats.selection import draw, inclusion_probabilities
from packager.errors import UsageError
from packager.labelling.queue_rows import (
    TOKEN,
    QueueRows,
    check_keys,
    leave_out_labelled,
    read_queue_rows,
)
from packager.labelling.queue_scores import (
    ExpectedLoss,
    drift_of_rows,
    expected_loss,
    slice_masks,
    small_slices,
    suspicion,
)
from packager.manifest.manifest import Manifest
from packager.progress import Progress

Floats = npt.NDArray[np.float64]
Reason = Literal["random", "uncertain", "suspicious", "drifted", "small_slice"]
Predict = Callable[[Path], Sequence[Mapping[str, Any]]]
"""From a file of rows to the answer to each: prediction, probabilities, flags."""

SHARES: Mapping[Reason, float] = {
    "random": 0.2,
    "uncertain": 0.5,
    "suspicious": 0.1,
    "drifted": 0.1,
    "small_slice": 0.1,
}
"""Share of labels by reason. A reason without rows gives its share to ``uncertain``,
or to ``random`` if nothing is known about that."""
WANTED_LABELS = 50.0
"""Labels from which on a slice can be judged: ``accuracy.MIN_SLICE_ROWS``."""


@dataclass(frozen=True)
class QueuePackage:
    """The package whose rows are to be labelled."""

    manifest: Manifest
    profile: Profile | None
    predict: Predict


@dataclass(frozen=True)
class QueueRequest:
    """Number and criteria of the rows to choose."""

    source: str
    """A file, a folder, ``TABLE[@VERSION]`` or a log."""
    rows: int
    seed: int = 0
    keys: tuple[str, ...] = ()
    """Columns that identify a row, beside its hash."""
    labelled: str | None = None
    """A file or table with the keys of rows to leave out."""


@dataclass(frozen=True)
class Choice:
    """The chosen rows, and how they were chosen; arrays of shape (rows,) but ``probabilities``."""

    rows: QueueRows
    indices: npt.NDArray[np.int64]
    """Of the chosen rows among ``rows``, in the order of the queue."""
    answers: Sequence[Mapping[str, Any]]
    """Of all rows."""
    probabilities: Floats
    """Of all rows, shape (n,)."""
    reasons: tuple[Reason, ...]
    """The largest part of each chosen row's probability."""
    expected: ExpectedLoss
    """Of all rows."""
    slices: Mapping[str, tuple[int, int, float]]
    """Slice → rows, chosen rows, and the mean of the expected loss over its rows."""
    drifted: tuple[str, ...]
    """Features that are distributed otherwise than in training."""
    seed: int
    keys: tuple[str, ...] = ()
    """Columns that identify a row, beside its hash."""

    @property
    def worth(self) -> float | None:
        """Number of random labels that would give an interval as narrow; None if unknown.

        It holds if the package's expectations do.
        """
        if not self.expected.share:
            return None
        mean, n = float(self.expected.mean.mean()), len(self.probabilities)
        own = anticipated_variance(self.probabilities, self.expected.deviation**2)
        simple = mean * (1 - mean)
        return 1 / (1 / n + own / simple) if simple > 0 else None


def run_queue(
    request: QueueRequest, package: QueuePackage, folder: Path, progress: Progress
) -> Choice:
    """Read the rows and choose; tables are exported to ``folder``.

    Raises ``UsageError`` for rows that can't be read, an invalid key, or fewer rows than asked for.
    """
    rows = read_queue_rows(request.source, package.manifest, folder, progress)
    keys = request.keys or ((TOKEN,) if TOKEN in rows.frame.columns else ())
    check_keys(rows.frame, keys, request.source)
    if request.labelled is not None:
        rows = leave_out_labelled(rows, request.labelled, keys)
    return replace(choose(rows, request.rows, request.seed, package, progress), keys=keys)


def choose(
    rows: QueueRows, count: int, seed: int, package: QueuePackage, progress: Progress
) -> Choice:
    """Choose ``count`` of ``rows``; ``UsageError`` if there are fewer."""
    if count > len(rows):
        raise UsageError(
            f"--rows {count}: expected at most {len(rows)}, the rows of {rows.name} without a label"
            + (f" ({rows.labelled} have one)" if rows.labelled else ""),
            "ask for fewer, or name more rows with --data",
        )
    every = package.predict(rows.file)
    answers = [one for one, included in zip(every, rows.included, strict=True) if included]
    masks = slice_masks(rows.frame, package.manifest, progress)
    expected = expected_loss(answers, package.manifest, package.profile, masks)
    drift, drifted = drift_of_rows(rows.frame, package.profile, progress)
    scores: dict[Reason, Floats] = {
        "random": np.ones(len(rows)),
        "uncertain": expected.deviation if expected.source else np.zeros(len(rows)),
        "suspicious": suspicion(answers, package.profile),
        "drifted": drift,
    }
    labels_per_slice = min(WANTED_LABELS, max(1.0, count / max(1, len(masks) - 1)))
    so_far = inclusion_probabilities(np.sum([*parts_of(scores).values()], axis=0), count)
    scores["small_slice"] = small_slices(masks, so_far, labels_per_slice)
    parts = parts_of(scores)
    probabilities = inclusion_probabilities(np.sum([*parts.values()], axis=0), count)
    indices = draw(probabilities, rows.hashes, seed)
    names = list(parts)
    largest = np.argmax(np.array([parts[name][indices] for name in names]), axis=0)
    return Choice(
        rows=rows,
        indices=indices,
        answers=answers,
        probabilities=probabilities,
        reasons=tuple(names[at] for at in largest.tolist()),
        expected=expected,
        slices={
            name: (int(mask.sum()), int(mask[indices].sum()), _mean(expected.mean[mask]))
            for name, mask in masks.items()
        },
        drifted=drifted,
        seed=seed,
    )


def parts_of(scores: Mapping[Reason, Floats]) -> dict[Reason, Floats]:
    """The part of each reason in the size of each row, shape (n,); all parts sum up to 1."""
    known = {name: score for name, score in scores.items() if score.sum() > 0}
    missing = sum(share for name, share in SHARES.items() if name not in known)
    rest: Reason = "uncertain" if "uncertain" in known else "random"
    return {
        name: (SHARES[name] + (missing if name == rest else 0.0)) * score / score.sum()
        for name, score in known.items()
    }


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else math.nan
