"""The noise of expected losses that other rows estimated, as those of calibrated confidences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ExpectedNoise:
    """Rows of one bin share an expected loss, which is the mean of other rows.

    The noise of that mean is shared, too: more rows of a slice don't reduce it.
    """

    bins: Ints
    """The bin of each row, shape (n,)."""
    variances: Floats
    """Of the expected loss of each bin, shape (bins,). Bins are independent."""

    @classmethod
    def of_shares(
        cls, bins: Ints, values: Floats, rows: Floats, design_effect: float = 1.0
    ) -> ExpectedNoise:
        """Bins whose expected loss is 1 minus ``values``: shares of ``rows``, shapes (bins,).

        A share of all or of none is not known without error: half a row is added to either side.
        """
        share = (values * rows + 0.5) / (rows + 1)
        return cls(bins, share * (1 - share) / (rows + 1) * max(1.0, design_effect))

    def part(self, rows: npt.NDArray[np.intp]) -> ExpectedNoise:
        """The noise of some rows, by index."""
        return ExpectedNoise(self.bins[rows], self.variances)

    def error(self, inside: Mask, others: Mask | None = None) -> float:
        """Standard error of the mean expected loss of ``inside``, minus that of ``others``.

        Masks of shape (n,), each with a row.
        """
        weights = self._shares(inside)
        if others is not None:
            weights = weights - self._shares(others)
        return math.sqrt(float((weights**2 * self.variances).sum()))

    def _shares(self, rows: Mask) -> Floats:
        counts = np.bincount(self.bins[rows], minlength=len(self.variances))
        return np.asarray(counts / counts.sum(), np.float64)
