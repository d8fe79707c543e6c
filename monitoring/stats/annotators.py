"""The true class of each row and the mistakes of each annotator, from labels of several annotators.

Dawid and Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm"
(1979): given a row's true class, annotators label independently, each by a confusion matrix of
their own. Neither the classes nor the matrices are known; expectation and maximization in turn find
both, beginning with the shares of votes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

MIN_ANNOTATORS = 3
"""With two, many pairs of matrices explain the labels equally well."""
MAX_ITERATIONS = 2_000
TOLERANCE = 1e-7
"""Least change of a posterior probability for another iteration."""
MAX_CELLS = 20_000_000
"""Cells of all confusion matrices, and of labels by classes."""
_LEAST = 1e-10
"""Probability of a label that an annotator never gave."""


@dataclass(frozen=True)
class TrueClasses:
    """Estimates from the labels of n rows by a annotators of k classes."""

    posterior: Floats
    """The probability of each class, (n, k)."""
    prior: Floats
    """The share of rows of each class, (k,)."""
    confusion: Floats
    """The probability of each label given the true class, (a, k true, k given)."""
    log_likelihood: float
    """Of all labels."""
    iterations: int
    converged: bool

    @property
    def accuracy(self) -> Floats:
        """The probability that an annotator is right on a random row, (a,)."""
        return np.asarray(np.einsum("k,akk->a", self.prior, self.confusion), np.float64)


def dawid_skene(rows: Codes, annotators: Codes, labels: Codes) -> TrueClasses:
    """The estimate from labels in any order: codes from 0 of row, annotator and class, (labels,).

    Every row needs a label. Raises ``ValueError`` for fewer than ``MIN_ANNOTATORS``, fewer than two
    classes, or more than ``MAX_CELLS``.
    """
    n, people, classes = (int(codes.max(initial=-1)) + 1 for codes in (rows, annotators, labels))
    if people < MIN_ANNOTATORS or classes < 2:
        raise ValueError(
            f"expected {MIN_ANNOTATORS} annotators and 2 classes or more, "
            f"got {people} and {classes}"
        )
    if classes * max(people * classes, len(rows)) > MAX_CELLS:
        raise ValueError(
            f"expected fewer classes, labels or annotators, got {classes:,} classes, "
            f"{len(rows):,} labels and {people:,} annotators"
        )
    votes = _table(rows * classes + labels, None, (n, classes))
    posterior = votes / votes.sum(axis=1, keepdims=True)
    cells = annotators * classes + labels
    likelihood, converged, iteration = -np.inf, False, 0
    while not converged and iteration < MAX_ITERATIONS:
        iteration += 1
        before, prior = posterior, posterior.mean(axis=0)
        confusion = _confusion(cells, posterior[rows], (people, classes))
        posterior, likelihood = _posterior(rows, cells, n, prior, confusion)
        converged = bool(np.abs(posterior - before).max() <= TOLERANCE)
    by_true = confusion.reshape(people, classes, classes).transpose(0, 2, 1)
    return TrueClasses(posterior, prior, by_true, likelihood, iteration, converged)


def _confusion(codes: Codes, posterior: Floats, shape: tuple[int, int]) -> Floats:
    """The probability of each (annotator, label) given the true class: (annotators · k, k true).

    ``posterior``: of the row of each label.
    """
    people, classes = shape
    counts = np.stack(
        [_table(codes, one, (people, classes)) for one in posterior.T], axis=-1
    )  # (people, given, true)
    counts = np.maximum(counts, _LEAST)
    shares: Floats = (counts / counts.sum(axis=1, keepdims=True)).reshape(-1, classes)
    return shares


def _posterior(
    rows: Codes, codes: Codes, n: int, prior: Floats, confusion: Floats
) -> tuple[Floats, float]:
    """The probability of each class of each row, (n, k), and the log-likelihood of all labels."""
    logs = np.log(np.maximum(prior, _LEAST)) + np.stack(
        [_table(rows, one[codes], (n,)) for one in np.log(confusion).T], axis=-1
    )
    highest = logs.max(axis=1, keepdims=True)
    odds = np.exp(logs - highest)
    total = odds.sum(axis=1, keepdims=True)
    return odds / total, float((np.log(total) + highest).sum())


def _table(codes: Codes, weights: Floats | None, shape: tuple[int, ...]) -> Floats:
    counts = np.bincount(codes, weights, int(np.prod(shape)))
    return counts.astype(np.float64).reshape(shape)
