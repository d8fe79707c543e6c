"""What the host asks of a worker, and what the worker hands back."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from packager.data.checks.expectations import Expectations
from packager.manifest.base import FileEntry, FrozenModel, Isa, Task
from packager.manifest.data_roles import DataRoles
from packager.manifest.evaluation import (
    Compiled,
    Evaluation,
    NumericalEnvironment,
    RepeatabilityResult,
    SeedVariance,
)
from packager.manifest.manifest import Recipe, Schema, Serve, Slices

Perturbation = Literal["none", "seed", "row", "param"]


class Job(DataRoles):
    """What the host asks of a worker: train and measure, or only measure a given model."""

    task: Task
    serve: Serve
    slices_columns: tuple[str, ...]
    slices_rules: dict[str, str]
    monitoring_exclude: tuple[str, ...] = ()
    """Features that live rows are not compared in."""
    monitoring_include: tuple[str, ...] = ()
    """Features that are compared although they seem to tell the time."""
    recipe: Recipe | Literal["none"]
    source: bool = True
    """Whether there is data under ``/data/source``."""
    repeat: bool = False
    """Whether the recipe runs a second time, to see how equal a repeat is."""
    ask: bool = False
    """Whether the model is asked what it can't take, for the schema, and about example rows."""
    leave_out: int | None = None
    """Position of a training row that is left out: a negative control of replay."""
    seed_variance: SeedVariance | None = None
    """How metrics vary with the seed, where that was measured."""


class FitResult(FrozenModel):
    """What a second training hands back (``fit.json``)."""

    model: tuple[FileEntry, ...]
    loader: str
    evaluation: Evaluation


class CheckJob(FrozenModel):
    """What the host asks of a worker that looks for dirt: the data as a job has it."""

    job: Job
    expected: Expectations = Expectations()


class FoldsJob(FrozenModel):
    """Train on parts of the rows and ask about the others; they lie in ``folds.pickle``."""

    job: Job
    own: bool
    """Whether the recipe's own model is asked, or one that stands in for it."""


class ModelJob(FrozenModel):
    """Ask a finished model about the held-out rows in ``rows.pickle``."""

    models: str
    """The folder that holds the model."""
    serve: Serve
    task: Task
    schema_: Schema = Field(alias="schema")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class TrainingResult(FrozenModel):
    """What the worker hands back to the host (``result.json``)."""

    model: tuple[FileEntry, ...]
    """Files under ``/models``."""
    loader: str
    """What ``Serve.loader`` has to be for this model."""
    schema_: Schema = Field(alias="schema")
    slices: Slices
    evaluation: Evaluation | None
    environment: NumericalEnvironment
    repeatability: RepeatabilityResult | None = None
    compiled: Compiled = Compiled(verdict="off")
    train_rows: int
    test_rows: int
    unlabelled: dict[str, int] = {}
    """As ``DataSource.unlabelled``."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class SeedSweepJob(FrozenModel):
    """Train as ``job`` says, once for each of ``count`` seeds."""

    job: Job
    count: int


class ReplayRequest(FrozenModel):
    """How a package is to be replayed (``ask.json``)."""

    perturb: Perturbation = "none"
    """A negative control: what is changed on purpose, and must show."""
    window: tuple[float, float] | None = None
    """When it was trained, where the host has had that done: the result lies in ``/again``."""


class QueryJob(FrozenModel):
    """Which model is asked (``asked.json``)."""

    model: str
    """Where it lies."""
    schema_: Schema
    serve: Serve
    task: Task
    isa: Isa
    """The instruction set that its recipe was trained with."""
