"""Jobs that the host gives a worker, and the results that the worker returns."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from packager.data.checks.expectations import Expectations
from packager.manifest.base import FileEntry, FrozenModel, Task
from packager.manifest.data_roles import DataRoles
from packager.manifest.evaluation import (
    Compilation,
    Evaluation,
    NumericalEnvironment,
    RepeatabilityResult,
    SeedVariance,
)
from packager.manifest.manifest import Recipe, Schema, Serve, Slices
from packager.manifest.outputs import targets_of
from packager.manifest.policy import Policy

Perturbation = Literal["none", "seed", "row", "param"]


class Job(DataRoles):
    """Train and evaluate a model, or only evaluate a pretrained one."""

    task: Task
    serve: Serve
    slices_columns: tuple[str, ...]
    slices_rules: dict[str, str]
    monitoring_exclude: tuple[str, ...] = ()
    """Features without drift detection."""
    monitoring_include: tuple[str, ...] = ()
    """Features with drift detection although they look like calendar features."""
    embedding: str | None = None
    """``[monitoring] embedding``."""
    test: Policy = Policy()
    """``[test]``: what the baseline has to hold. The training itself reads nothing of it."""
    recipe: Recipe | Literal["none"]

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns with right answers."""
        return (self.target,) if self.target is not None else targets_of(self.serve.outputs)

    source: bool = True
    """Whether there is data under ``/data/source``."""
    repeat: bool = False
    """Whether the recipe runs a second time, to measure its repeatability."""
    query_model: bool = False
    """Whether to query the model for the values it rejects (for the schema) and example rows."""
    examples: tuple[dict[str, Any], ...] = ()
    """Rows that came with a model trained elsewhere: the package's examples."""
    leave_out: int | None = None
    """Index of a training row to drop, as a negative control of replay."""
    seed_variance: SeedVariance | None = None
    """Variation of metrics with the seed; None if not measured."""


class CheckJob(FrozenModel):
    """Check the quality of the data of ``job``."""

    job: Job
    expected: Expectations = Expectations()


class FoldsJob(FrozenModel):
    """Cross-validate the default model on the rows that the process is given."""

    task: Task


class PreviousTimes(FrozenModel):
    """Processor time of a row over that of an earlier package, which predicted the same rows."""

    tag: str
    """Of the earlier package."""
    ratios: tuple[float, ...] = ()
    """One for each pair of runs, which were made in turn."""
    why: str = ""
    """Why there are none."""


class DataTestJob(FrozenModel):
    """Test the package on the rows below ``/data/new``."""

    source: str = ""
    """The file there, or empty for the folder."""
    labels: str = ""
    """A file below ``/data/labels`` with right answers; empty for none."""
    on: tuple[str, ...] = ()
    """The columns that identify a row in both."""
    shown: str = ""
    """The new data as named on the command line, for messages."""
    labels_shown: str = ""
    unreadable: str = ""
    """Why the new data can't be read, if the host found that."""
    previous: PreviousTimes | None = None
    """None if no earlier package was at hand."""


class TrainingResult(FrozenModel):
    """Result of a training (``result.json``)."""

    model: tuple[FileEntry, ...]
    """Files under ``/models``."""
    loader: str
    """The value of ``Serve.loader`` for this model."""
    schema_: Schema = Field(alias="schema")
    slices: Slices
    evaluation: Evaluation | None
    environment: NumericalEnvironment
    repeatability: RepeatabilityResult | None = None
    compiled: Compilation = Compilation(verdict="off")
    train_rows: int
    test_rows: int
    unlabelled: dict[str, int] = {}
    """As ``DataSource.unlabelled``."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class SeedSweepJob(FrozenModel):
    """Train ``job`` once with each of ``count`` seeds."""

    job: Job
    count: int


class ReplayRequest(FrozenModel):
    """Options of a replay (``request.json``)."""

    perturb: Perturbation = "none"
    """Negative control: a deliberate change that the comparison has to detect."""
    window: tuple[float, float] | None = None
    """When the host retrained, with the result in ``/retrained``; None if the worker retrains."""
