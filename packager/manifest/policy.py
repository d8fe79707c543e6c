"""The policy by which new data are judged: ``[test]`` of package.toml, part of the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, field_validator, model_validator

from packager.manifest.base import FrozenModel, Scalar
from packager.manifest.case import Case

Family = Literal[
    "schema",
    "suspects",
    "drift",
    "quality",
    "calibration",
    "fairness",
    "time",
    "cases",
    "weak",
]
"""Checks that answer one question and share a part of the probability of a false alarm."""
FAMILIES: tuple[Family, ...] = get_args(Family)
SHARES: Mapping[Family, float] = {
    "quality": 0.4,
    "drift": 0.2,
    "calibration": 0.1,
    "fairness": 0.1,
    "weak": 0.1,
    "suspects": 0.05,
    "time": 0.05,
}
"""Each family's part of ``Policy.false_alarm``; families without a part have exact checks only."""
PERCENT = r"^\d+(\.\d+)? ?%$"
Change = Annotated[float, Field(ge=0)] | Annotated[str, Field(pattern=PERCENT)]
"""A largest change for the worse: absolute, or ``10%`` of the baseline's value."""


class QualityPolicy(FrozenModel):
    """``[test.quality]``: metric to its largest change for the worse, and ``floor``.

    Without a metric, the defaults of the task apply.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Change] = Field(init=False)

    floor: dict[str, float] = {}
    """Metric to the value it must not be worse than."""

    @property
    def changes(self) -> dict[str, Change]:
        """Metric to its largest change for the worse."""
        return dict(self.__pydantic_extra__ or {})


class DriftPolicy(FrozenModel):
    """``[test.drift]``."""

    psi: float = Field(default=0.05, ge=0)
    """The largest population stability index of a feature."""
    ignore: tuple[str, ...] = ()


class SuspectsPolicy(FrozenModel):
    """``[test.suspects]``."""

    rise: float = Field(default=0.02, ge=0)
    """The largest increase of a share of suspicious values over that at packaging."""


class CalibrationPolicy(FrozenModel):
    """``[test.calibration]``."""

    gap: float = Field(default=0.02, ge=0)
    """The largest increase of the mean difference between confidence and accuracy."""


class FairnessPolicy(FrozenModel):
    """``[test.fairness]``: differences between the groups of columns."""

    columns: tuple[str, ...] = ()
    gap: dict[str, Change] = {}
    """Metric to the largest growth of a group's distance from all rows; ``10%`` is a share of the
    metric of all rows."""
    positive: Scalar | None = None
    """The label that counts as positive; None for the second of the sorted classes."""

    @model_validator(mode="after")
    def _columns_for_gaps(self) -> FairnessPolicy:
        if self.gap and not self.columns:
            raise ValueError(
                "[test.fairness] gap: expected columns too, got none: name the columns whose "
                'groups are compared, as columns = ["sex"]'
            )
        return self


class TimePolicy(FrozenModel):
    """``[test.time]``."""

    ratio: float = Field(default=1.25, ge=1)
    """The largest processor time of a row, over that of a reference row."""


class WeakPolicy(FrozenModel):
    """``[test.weak]``: the search for slices that nobody declared."""

    features: int = Field(default=3, ge=0, le=3)
    """Features that a slice combines at most; 0 searches none."""
    effect: float = Field(default=0.03, gt=0)
    against: Literal["confidence", "rest", "baseline"] = "confidence"


class Policy(FrozenModel):
    """``[test]``."""

    false_alarm: float = Field(default=0.01, gt=0, le=0.2)
    """The probability that the verdict is *failed* although nothing changed."""
    groups: tuple[str, ...] = ()
    """Columns whose equal values name rows that belong together, such as those of a customer."""
    rows: int = Field(default=500, ge=1)
    """With fewer labelled rows, quality is inconclusive."""
    inconclusive: Literal["pass", "fail"] = "pass"
    warn: tuple[Family, ...] = ()
    """Families that are reported and don't fail."""
    quality: QualityPolicy = QualityPolicy()
    slices: dict[str, dict[str, Change]] = {}
    """Slice to metric to its largest change for the worse, instead of ``quality``'s."""
    drift: DriftPolicy = DriftPolicy()
    suspects: SuspectsPolicy = SuspectsPolicy()
    calibration: CalibrationPolicy = CalibrationPolicy()
    fairness: FairnessPolicy = FairnessPolicy()
    time: TimePolicy = TimePolicy()
    weak: WeakPolicy = WeakPolicy()
    batch_invariance: bool = True
    """Whether an answer has to depend on its row alone, not on the batch."""
    case: tuple[Case, ...] = ()

    @field_validator("groups", "warn", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(f"[test]: expected a list, got {value!r}: write [{value!r}]")
        return value

    @model_validator(mode="after")
    def _different_names(self) -> Policy:
        names = [case.name for case in self.case]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"[[test.case]]: expected different names, got {twice[0]!r} twice")
        return self
