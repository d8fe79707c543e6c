"""Distributions of the features in the training rows: bins stored in the package.

Drift is measured by counts per bin, so every bin holds at least 1 % of the reference (with fewer
rows per bin, the noise of PSI differs from its formula). Bins are the distinct values if there are
few, else quantiles; the most frequent categories and ``other``. Arrays, bytes, lists and text of
high cardinality have bins of what :mod:`monitoring.derived.measures` derives from them.
:mod:`monitoring.stats.binning` creates the bins. Functions import NumPy and pandas when they run:
``package inspect`` reads profiles without these slow imports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from monitoring.calendar_values import number_of
from monitoring.profile.calibration import Calibration

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from monitoring.derived.measures import MeasuredValues

    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.int64]

PREDICTION = "__prediction__"
CONFIDENCE = "__confidence__"
EMBEDDING = "__embedding__"


def is_prediction(name: str) -> bool:
    """Whether a feature of a profile is one of the model's answers: ``__prediction__.price``."""
    return name in (PREDICTION, CONFIDENCE) or name.startswith(f"{PREDICTION}.")


def is_embedding(name: str) -> bool:
    """Whether a feature of a profile is a measure of the embedding that the project names."""
    return name.startswith(f"{EMBEDDING}.")


def is_of_column(name: str) -> bool:
    """Whether the values of a feature of a profile come from a column of the rows."""
    return not is_prediction(name) and not is_embedding(name)


FeatureKind = Literal["numeric", "categorical"]
ExclusionReason = Literal["excluded", "timestamp", "calendar", "nonstationary", "personal"]
EXCLUSION_REASONS: Mapping[str, str] = {
    "excluded": "[monitoring] exclude names it",
    "timestamp": "a timestamp: later values are always new",
    "calendar": "derived from date or time",
    "nonstationary": "most held-out values are new, as the split is by time",
    "personal": "it holds personal data, whose values are not shown",
    "other": "package inspect says why",
}
"""Explanations of the reasons."""


class FeatureProfile(BaseModel):
    """One feature's bins and the number of training rows in each.

    Numeric: bin ``i`` holds ``edges[i-1] <= value < edges[i]``; the first and last
    bin are unbounded, so out-of-range values are in them. Categorical: bin ``i`` holds
    ``categories[i]`` (as text); a last bin ``other``, if there is one, holds everything else.
    Datetimes and dates are numeric, in nanoseconds since 1970 (UTC), times of day in seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """The column; or ``column.measure``, if the values are derived from the column's."""
    kind: FeatureKind
    measure: str | None = None
    """The measure derived from the column; None for its own values."""
    learned: str = ""
    """The measure's parameters from the training rows: a vocabulary, a centroid or words."""
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    bins: tuple[str, ...]
    """Names of the bins, all different."""
    counts: tuple[int, ...]
    missing: int
    minimum: float | None = None
    maximum: float | None = None

    @property
    def column(self) -> str:
        """The column that the values come from."""
        return self.name if self.measure is None else self.name.removesuffix(f".{self.measure}")

    def bin_indices(self, values: Any) -> Indices:
        """The bin of each of the column's values (anything ``pandas.Series`` accepts); -1 for null.

        An unseen category is in ``other``, or -1 if there is no such bin.
        """
        import numpy as np
        import pandas as pd

        from monitoring.derived.measures import measured

        series = values if isinstance(values, pd.Series) else pd.Series(values)
        if self.measure is not None:
            series = derived_series(measured(series, self.measure, self.learned))
        if self.kind == "categorical":
            return self._category_indices(series)
        numbers = numeric(series)
        indices = np.searchsorted(np.asarray(self.edges), numbers, side="right")
        return np.where(np.isnan(numbers), -1, indices).astype(np.int64)

    def _category_indices(self, series: pd.Series[Any]) -> Indices:
        import numpy as np
        import pandas as pd

        codes, uniques = pd.factorize(series)
        indices = {category: index for index, category in enumerate(self.categories)}
        rest = len(self.categories) if len(self.bins) > len(self.categories) else -1
        lookup = [indices.get(str(unique), rest) for unique in uniques]
        return np.asarray([*lookup, -1], dtype=np.int64)[codes]


class DriftExclusion(BaseModel):
    """Why no drift is computed for a feature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: ExclusionReason
    detail: str
    """The evidence: ``month of when``."""

    def counts(self, kind: str) -> bool:
        """Whether anomalies of this kind are counted: other kinds are expected for the feature."""
        return self.reason != "excluded" and kind in ("missing", "invalid")


class Profile(BaseModel):
    """The reference for drift: monitored features, and usual rates of anomalies.

    Features are profiled on training rows; the pseudo-features ``__prediction__`` and
    ``__confidence__``, the model's answers, on held-out rows (the former on all rows if the
    held-out rows are the last ones), and so are those of ``__embedding__``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    """Training rows."""
    features: tuple[FeatureProfile, ...]
    left_out: tuple[str, ...]
    """Not monitored: beyond the limit, of mixed kind, or with all rows in one bin."""
    unwatched: tuple[str, ...] = ()
    """DerivedValue numbers of monitored columns that are not: beyond the limit."""
    drift_excluded: Mapping[str, DriftExclusion] = {}
    """Feature → why it always drifts, or is excluded."""
    reference_anomalies: Mapping[str, Mapping[str, float]] = {}
    """Feature → kind → share of rows: ``missing`` of the training rows, others of the held-out."""
    embedding: str | None = None
    """``module:function`` or ``model:method`` of the embedding that is watched; None for none."""
    calibration: Calibration | None = None
    """Calibration of a classifier's confidence; None without probabilities."""


def numeric(series: pd.Series[Any]) -> Floats:
    """Values as float64, null as NaN; datetimes in nanoseconds since 1970 (UTC).

    Dates, times of day and decimals are as in ``number_of``.
    """
    import numpy as np
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        # Scaled as floats: nanoseconds beyond the years 1677 to 2262 don't fit 64 bits.
        naive = series.dt.tz_convert(None) if series.dt.tz is not None else series
        moments = naive.to_numpy()
        scale = pd.Timedelta(1, naive.dt.unit) / pd.Timedelta(1, "ns")
        return np.where(np.isnat(moments), np.nan, moments.view(np.int64) * float(scale))
    if series.dtype == object and pd.api.types.infer_dtype(series) in ("date", "time", "decimal"):
        gone = series.isna().to_numpy(bool)
        numbers = np.full(len(series), np.nan)
        numbers[~gone] = [number_of(value) for value in series[~gone]]
        return numbers
    return pd.to_numeric(series).to_numpy(dtype=np.float64, na_value=np.nan)


def derived_series(measured: MeasuredValues) -> pd.Series[Any]:
    """The measures derived from a column, as a column."""
    import pandas as pd

    return pd.Series(measured, dtype=object if isinstance(measured, list) else float)
