"""The nouns of ``package diff``: ``before`` is the package named first, ``after`` the second."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Wheel
from packager.tables.overlap import Rows


class Change(FrozenModel):
    """One value that differs; ``path`` leads to it within its section."""

    path: tuple[str, ...]
    change: Literal["added", "removed", "changed"]
    before: Any = None
    after: Any = None


Changes = tuple[Change, ...]


class Requirement(FrozenModel):
    """A locked dependency that differs: in its version, or else its file, or else its group."""

    name: str
    change: Literal["added", "removed", "version", "file", "group"]
    before: Wheel | None
    after: Wheel | None


class DataDifference(FrozenModel):
    """How the data differ, told by the manifests and the fingerprints."""

    settings: Changes
    """Target, exclude, split, embed, reader options, rows trained on and held out."""
    files: Changes
    """By ``source`` or ``test``, and path; the values are sha256."""
    columns: Changes
    """By name; the values are the sums of cell hashes, whatever the order of rows."""
    types_differ: bool
    """Whether names, logical types, nullability or order of the columns differ."""
    rows: Rows | None
    """None where a side has no data."""

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
    """``after`` less ``before``; None where a side has no such metric."""


class EvaluationDifference(FrozenModel):
    """How the metrics differ; a slice that only one side measured is named and not compared."""

    metrics: tuple[MetricChange, ...]
    slices_removed: tuple[str, ...]
    slices_added: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return not (self.metrics or self.slices_removed or self.slices_added)


class LayerEntry(FrozenModel):
    """One layer; ``size`` is in bytes, as the engine or the files tell."""

    name: str
    diff_id: str
    size: int


class LayersDifference(FrozenModel):
    """Two stacks of layers, each list bottom up."""

    equal: tuple[LayerEntry, ...]
    only_before: tuple[LayerEntry, ...]
    only_after: tuple[LayerEntry, ...]
    common: int
    """How many layers are the same from the bottom up, until the first that differs."""
    to_ship: int
    """Bytes of ``after`` that ``before`` lacks: what a store keyed by content has to receive."""
    to_load: int
    """Bytes above the common layers: what an engine has to receive, which keys layers by chain."""

    @property
    def same(self) -> bool:
        """Whether both are the same layers in the same order."""
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
    code: Changes
    recipe: Changes
    serve: Changes
    slices: Changes
    schema_: Changes = Field(alias="schema")
    evaluation: EvaluationDifference
    findings: Changes
    """What the check of the data found."""
    repeatability: Changes
    """How equal the second training of the build came out."""
    seed_variance: Changes
    """The metrics of other seeds."""
    environment: Changes
    """The numerical environment of the training."""
    compiled: Changes
    """The verdict on the compiled form, and what was shown of it."""
    runtime: Changes
    model: Changes
    files: Changes
    """Under ``/package``."""
    image: Changes
    """Environment variables, command, user and the like."""
    layers: LayersDifference
    companion: LayersDifference | None
    """The companions' layers, the image's included; a side that has none counts with its image.
    None where neither has one."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @property
    def same(self) -> bool:
        """Whether there is no difference; what the packages are called doesn't count."""
        sections = [value for name, value in self if name not in ("before", "after")]
        return all(
            not section if isinstance(section, tuple) else section is None or section.same
            for section in sections
        )
