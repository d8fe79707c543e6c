"""The records of weak slices: ``weak.json``, and a part of the report of a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from packager.manifest.base import FrozenModel

FILE = "weak.json"
Against = Literal["confidence", "rest", "baseline"]
"""The reference of a slice's loss: the loss that the calibrated confidence of its rows predicts,
the mean loss of the other rows, or the mean loss of the package's held-out rows."""


class WeakSlice(FrozenModel):
    """Rows with features in common on which the model does worse than expected.

    ``loss``, ``expected``, ``excess``, ``interval`` and ``p`` are of the half of the rows that
    confirmed the slice, not of the half that chose it.
    """

    features: tuple[str, ...]
    """Columns, and values derived from them: ``note.length``."""
    condition: str
    """The slice in the language of ``[slices.rules]``."""
    rule: str
    """The line for ``[slices.rules]`` in package.toml."""
    rows: int
    """All its rows."""
    share: float
    """Of all rows."""
    loss: float
    """Mean loss: the share of wrong answers, or the mean absolute error."""
    expected: float
    excess: float
    """``loss`` minus ``expected``."""
    interval: tuple[float, float]
    """Of ``excess``: 5 % of the intervals shown are expected to miss the true one."""
    p: float
    q: float
    """The false-alarm level from which the slice is shown."""
    harmed: float
    """``rows`` times ``excess``: answers that are wrong beyond what was expected."""
    examples: tuple[Mapping[str, Any], ...] = ()
    """At most 10 rows with the largest losses: ``row`` (position, from 0), ``loss``, ``cells``."""


class WeakSlices(FrozenModel):
    """The results of the search."""

    against: Against
    """The reference of the comparison."""
    effect: float
    """Least excess, in the unit of the loss."""
    level: float
    """The probability of any slice if there is none, and the expected share of false ones."""
    rows: int
    """Rows with a loss."""
    tried: int
    """Slices tried."""
    searched: tuple[str, ...]
    """Features, the most important first."""
    left_out: Mapping[str, str]
    """Feature or column → why it was not searched."""
    slices: tuple[WeakSlice, ...]
    """The slices with the most harm first."""

    def without_cells(self) -> WeakSlices:
        """The same with the positions of example rows, not their cells: for a package."""
        keys = ("row", "loss")
        slices = tuple(
            slice_.model_copy(
                update={"examples": tuple({k: row[k] for k in keys} for row in slice_.examples)}
            )
            for slice_ in self.slices
        )
        return self.model_copy(update={"slices": slices})
