"""Records of ``package diff``: ``before`` is the package named first, ``after`` the second."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from packager.data.row_overlap import Rows
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Wheel


class Change(FrozenModel):
    """One value that differs; ``path`` is its path within the section."""

    path: tuple[str, ...]
    change: Literal["added", "removed", "changed"]
    before: Any = None
    after: Any = None


Changes = tuple[Change, ...]


class Requirement(FrozenModel):
    """A locked dependency that differs, and the first of version, file, groups that does."""

    name: str
    change: Literal["added", "removed", "version", "file", "groups"]
    before: Wheel | None
    after: Wheel | None


class DataDifference(FrozenModel):
    """Differences of the data according to the manifests and the fingerprints."""

    settings: Changes
    """Target, exclude, split, embed, reader options, rows trained on and held out."""
    files: Changes
    """Keyed by ``source`` or ``test``, then by path; the values are sha256."""
    columns: Changes
    """Keyed by name; the values are sums of cell hashes, independent of the order of rows."""
    types_differ: bool
    """Whether names, logical types, nullability or order of the columns differ."""
    rows: Rows | None
    """None if a side has no data."""

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        rows_equal = self.rows is None or self.rows.verdict == "equal"
        changed = self.settings or self.files or self.columns or self.types_differ
        return rows_equal and not changed


class MetricChange(FrozenModel):
    """A metric, or the number of held-out rows (``rows``), that differs."""

    slice: str | None
    """None for all held-out rows."""
    metric: str
    before: float | None
    after: float | None
    difference: float | None
    """``after`` minus ``before``; None if a side lacks the metric."""


class EvaluationDifference(FrozenModel):
    """Differences of the metrics; slices that only one side measured are listed, not compared."""

    metrics: tuple[MetricChange, ...]
    slices_removed: tuple[str, ...]
    slices_added: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return not (self.metrics or self.slices_removed or self.slices_added)


class LayerEntry(FrozenModel):
    """One layer; ``size`` is in bytes, as reported by the engine or the files."""

    name: str
    diff_id: str
    size: int


class LayersDifference(FrozenModel):
    """Two stacks of layers, each list bottom up."""

    equal: tuple[LayerEntry, ...]
    only_before: tuple[LayerEntry, ...]
    only_after: tuple[LayerEntry, ...]
    common: int
    """Number of equal layers, from the bottom up to the first that differs."""
    to_ship: int
    """Bytes of ``after`` that ``before`` lacks: the transfer to a content-addressed store."""
    to_load: int
    """Bytes above the common layers: the transfer to an engine, which keys layers by chain ID."""

    @property
    def same(self) -> bool:
        """Whether both stacks have the same layers in the same order."""
        return not (self.only_before or self.only_after) and self.common == len(self.equal)


class PackageRef(FrozenModel):
    """One of the two packages."""

    name: str
    root: str
    config_digest: str
    companion: bool


class Difference(FrozenModel):
    """Everything that differs between two packages; a section without difference is empty."""

    before: PackageRef
    after: PackageRef
    package: Changes
    platform: Changes
    """Python, platform and base."""
    requirements: tuple[Requirement, ...]
    data: DataDifference
    solution: Changes = ()
    """The flow, and the members by name with the versions of their wheels."""
    code: Changes
    recipe: Changes
    serve: Changes
    slices: Changes
    schema_: Changes = Field(alias="schema")
    evaluation: EvaluationDifference
    findings: Changes
    """Findings of the data check."""
    repeatability: Changes
    """Degree to which the build's second training reproduced the first."""
    seed_variance: Changes
    """Metrics of trainings with other seeds."""
    environment: Changes
    """The numerical environment of the training."""
    compiled: Changes
    """The verdict on the compiled form, and its evidence."""
    runtime: Changes
    model: Changes
    files: Changes
    """Under ``/package``."""
    image: Changes
    """Environment variables, command, user and other settings."""
    layers: LayersDifference
    companion: LayersDifference | None
    """Layers of the companions, including the image's; a side without a companion is compared by
    its image. None if neither side has one."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @property
    def same(self) -> bool:
        """Whether no section has a difference; the packages' names are not compared."""
        sections = [value for name, value in self if name not in ("before", "after")]
        return all(
            not section if isinstance(section, tuple) else section is None or section.same
            for section in sections
        )
