"""How features were distributed in the training rows: bins frozen in the package.

Drift is counted per bin, so every bin holds at least 1 % of the reference (with emptier ones the
noise of PSI is not what its formula says). Bins: the distinct values if there are few, else
quantiles; the most frequent categories and ``other``; for text of high cardinality its length.
They are cut in :mod:`monitoring.stats.binning`. Functions import NumPy and pandas when they run:
`package inspect` reads profiles and has no use for these, which are slow to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from monitoring.profile.calibration import Calibration

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.int64]

PREDICTION = "__prediction__"
CONFIDENCE = "__confidence__"

FeatureKind = Literal["numeric", "categorical", "text_length"]
ExclusionReason = Literal["excluded", "timestamp", "calendar", "nonstationary", "personal"]
EXCLUSION_REASONS: Mapping[str, str] = {
    "excluded": "[monitoring] exclude names it",
    "timestamp": "a time: what comes later is always new",
    "calendar": "it follows from the date or the time of day",
    "nonstationary": "most held-out values are new, as the split is by time",
    "personal": "it holds personal data, whose values are not shown",
    "other": "package inspect says why",
}
"""What the reasons mean."""


class FeatureProfile(BaseModel):
    """One feature's bins and how many training rows were in each.

    Numeric and text length: bin ``i`` holds ``edges[i-1] <= value < edges[i]``; the end bins are
    open, so values out of range fall into them. Categorical: bin ``i`` holds ``categories[i]``
    (as text); a last bin ``other``, if there is one, holds everything else. Datetimes are
    numeric, in nanoseconds since 1970 (UTC).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: FeatureKind
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    bins: tuple[str, ...]
    """Labels, all different."""
    counts: tuple[int, ...]
    missing: int
    minimum: float | None = None
    maximum: float | None = None

    def bin_indices(self, values: Any) -> Indices:
        """The bin of each value (anything ``pandas.Series`` takes); -1 for null.

        An unseen category is in ``other``, or -1 where there is no such bin.
        """
        import numpy as np
        import pandas as pd

        series = values if isinstance(values, pd.Series) else pd.Series(values)
        if self.kind == "categorical":
            return self._category_indices(series)
        numbers = text_lengths(series) if self.kind == "text_length" else numeric(series)
        indices = np.searchsorted(np.asarray(self.edges), numbers, side="right")
        return np.where(np.isnan(numbers), -1, indices).astype(np.int64)

    def _category_indices(self, series: pd.Series[Any]) -> Indices:
        import numpy as np
        import pandas as pd

        codes, uniques = pd.factorize(series)
        places = {category: place for place, category in enumerate(self.categories)}
        rest = len(self.categories) if len(self.bins) > len(self.categories) else -1
        lookup = [places.get(str(unique), rest) for unique in uniques]
        return np.asarray([*lookup, -1], dtype=np.int64)[codes]


class DriftExclusion(BaseModel):
    """Why no drift is computed for a feature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: ExclusionReason
    detail: str
    """What showed it: ``month of when``."""

    def counts(self, kind: str) -> bool:
        """Whether values of this kind of anomaly mean anything: new ones are what is expected."""
        return self.reason != "excluded" and kind in ("missing", "invalid")


class Profile(BaseModel):
    """The reference for drift: monitored features, and what is usual elsewhere.

    Features are profiled on training rows; the pseudo-features ``__prediction__`` and
    ``__confidence__``, the model's answers, on held-out rows (the former on all, where these are
    the last ones).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    """Training rows."""
    features: tuple[FeatureProfile, ...]
    left_out: tuple[str, ...]
    """Not monitored: beyond the cap, of mixed kind, or with all rows in one bin."""
    drift_excluded: Mapping[str, DriftExclusion] = {}
    """Feature → why it would drift whatever happens, or is not to be looked at."""
    reference_anomalies: Mapping[str, Mapping[str, float]] = {}
    """Feature → kind → share of rows: ``missing`` of the training rows, others of the held-out."""
    calibration: Calibration | None = None
    """Of a classifier's confidence; None without probabilities."""


def numeric(series: pd.Series[Any]) -> Floats:
    """Values as float64, null as NaN; datetimes in nanoseconds since 1970 (UTC)."""
    import numpy as np
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        # Scaled as floats: nanoseconds beyond the years 1677 to 2262 don't fit 64 bits.
        naive = series.dt.tz_convert(None) if series.dt.tz is not None else series
        moments = naive.to_numpy()
        scale = pd.Timedelta(1, naive.dt.unit) / pd.Timedelta(1, "ns")
        return np.where(np.isnat(moments), np.nan, moments.view(np.int64) * float(scale))
    return pd.to_numeric(series).to_numpy(dtype=np.float64, na_value=np.nan)


def text_lengths(series: pd.Series[Any]) -> Floats:
    """Number of characters of each text as float64, null as NaN."""
    import numpy as np

    null = series.isna().to_numpy(bool)
    lengths = [np.nan if empty else len(str(v)) for v, empty in zip(series, null, strict=True)]
    return np.asarray(lengths, dtype=np.float64)
