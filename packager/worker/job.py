"""What the host asks of a worker, and what the worker hands back."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from packager.data.checks.expected import Expected
from packager.manifest import Recipe, Schema, Serve, Slices, Split
from packager.noun import FileEntry, Noun, Task
from packager.results import Compiled, Evaluation, NumericalEnvironment, Observed, Spread

Perturbation = Literal["none", "seed", "row", "param"]


class Job(Noun):
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
    target: str | None
    """None only for a given model without data."""
    exclude: tuple[str, ...] = ()
    split: Split = Split()
    source: bool = True
    """Whether there is data under ``/data/source``."""
    repeat: bool = False
    """Whether the recipe runs a second time, to see how equal a repeat is."""
    leave_out: int | None = None
    """Position of a training row that is left out: a negative control of replay."""
    spread: Spread | None = None
    """How metrics vary with the seed, where that was measured."""


class Fit(Noun):
    """What a second training hands back (``fit.json``)."""

    model: tuple[FileEntry, ...]
    loader: str
    evaluation: Evaluation


class CheckJob(Noun):
    """What the host asks of a worker that looks for dirt: the data as a job has it."""

    job: Job
    expected: Expected = Expected()


class TrainingResult(Noun):
    """What the worker hands back to the host (``result.json``)."""

    model: tuple[FileEntry, ...]
    """Files under ``/models``."""
    loader: str
    """What ``Serve.loader`` has to be for this model."""
    schema_: Schema = Field(alias="schema")
    slices: Slices
    evaluation: Evaluation | None
    environment: NumericalEnvironment
    observed: Observed | None = None
    compiled: Compiled = Compiled(verdict="off")
    train_rows: int
    test_rows: int
    options: dict[str, Any]
    """Options the CSV reader was called with; empty for Parquet."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class SeedsJob(Noun):
    """Train as ``job`` says, once for each of ``count`` seeds."""

    job: Job
    count: int


class Ask(Noun):
    """How a package is to be replayed (``ask.json``)."""

    perturb: Perturbation = "none"
    """A negative control: what is changed on purpose, and must show."""
