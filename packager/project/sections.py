"""The sections of ``package.toml``, one class each."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from packager.data.checks.expectations import DeclaredColumn
from packager.manifest.base import DottedName, FeatureForm, FrozenModel, Isa, Level, Scalar
from packager.manifest.data_roles import Split
from packager.manifest.outputs import Output, OutputKind
from packager.manifest.read_options import (
    ColumnReading,
    FileRows,
    ReadOptions,
    TableReadOptions,
    texts_of,
)

# Repository name in an engine's format: an optional host:port, then lower-case components.
COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = rf"^(?:[a-z0-9.-]+:\d+/)?{COMPONENT}(?:/{COMPONENT})*$"

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$", max_length=100)]
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60)]
Repository = Annotated[str, Field(pattern=REPOSITORY, max_length=200)]
OutputName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)]
MemberName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Level01 = Annotated[float, Field(gt=0, lt=1)]
MANY = ("labels", "numbers", "quantiles")
"""Kinds of outputs that may have a column for each part of the right answer."""
OPTION_KINDS = {
    "classes": ("label", "labels"),
    "levels": ("quantiles",),
    "shape": ("numbers", "array", "quantiles"),
    "group": ("score", "number"),
    "event": ("score", "numbers"),
    "times": ("numbers",),
    "top": ("json",),
    "spans": ("json",),
}
"""Options of ``[outputs.NAME]`` → the kinds that they are for."""
RANKING_PLACES = 10  # ``k`` if it isn't declared
TorchBackend = Annotated[str, Field(pattern=r"^(cpu|xpu|cu\d{2,3}|rocm\d+(\.\d+){1,2})$")]
Entrypoint = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]


class PackageSection(FrozenModel):
    """``[package]``: name, version, task."""

    name: Name
    version: Version
    task: Literal["classification", "regression"] | None = None
    """None if ``[outputs]`` says what the model answers."""
    flow: Entrypoint | None = None
    """Of a solution: the function that calls the members."""


class MemberSection(FrozenModel):
    """``[[member]]``: a package that the flow of a solution calls."""

    name: MemberName
    package: str
    """A project's folder, or a package: a tag, an OCI folder or an archive."""
    process: Literal["auto", "inline", "own"] = "auto"
    deadline: Annotated[float, Field(gt=0, le=600)] | None = None
    on_error: Literal["fail", "null"] = "fail"
    truth: str | None = None


class OutputSection(FrozenModel):
    """``[outputs.NAME]``: one of the model's answers."""

    kind: OutputKind
    target: str | tuple[str, ...] = ()
    classes: Annotated[tuple[Scalar, ...], Field(min_length=1)] | None = None
    levels: Annotated[tuple[Level01, ...], Field(min_length=1)] | None = None
    shape: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] | None = None
    group: str | None = None
    k: Annotated[int, Field(ge=1)] | None = None
    event: str | None = None
    times: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=1)] | None = None
    top: Annotated[int, Field(ge=1)] | None = None
    spans: bool = False

    @model_validator(mode="after")
    def _keys_fit_kind(self) -> OutputSection:
        for key, kinds in OPTION_KINDS.items():
            if getattr(self, key) and self.kind not in kinds:
                raise ValueError(
                    f"`outputs`: expected `{key}` for {' and '.join(kinds)} only, got it for "
                    f"{self.kind}"
                )
        if self.kind == "quantiles" and not self.levels:
            raise ValueError("`outputs`: expected `levels` for quantiles, got none")
        if self.levels and list(self.levels) != sorted({*self.levels}):
            raise ValueError(f"`outputs.levels`: expected ascending levels, got {self.levels}")
        if self.kind == "quantiles" and self.shape and len(self.shape) > 1:
            raise ValueError(
                f"`outputs.shape`: expected the number of steps of quantiles, got {self.shape}"
            )
        self._check_task()
        if isinstance(self.target, tuple) and len(self.target) > 1 and self.kind not in MANY:
            raise ValueError(
                f"`outputs.target`: expected one column for {self.kind}, got {len(self.target)}"
            )
        return self

    def _check_task(self) -> None:
        """Raise ``ValueError`` unless the options of a task are complete."""
        tasks = [key for key in ("group", "event", "top", "spans") if getattr(self, key)]
        if tasks and not self.target:
            raise ValueError(f"`outputs`: expected a `target` beside `{tasks[0]}`, got none")
        if self.k and not self.group:
            raise ValueError("`outputs`: expected `group`, the column of the query, beside `k`")
        if bool(self.times) != (self.kind == "numbers" and bool(self.event)):
            raise ValueError(
                "`outputs`: expected `event` and `times` together for kind numbers, got one"
            )
        if self.times and list(self.times) != sorted({*self.times}):
            raise ValueError(f"`outputs.times`: expected ascending times, got {self.times}")
        if self.event and not isinstance(self.target, str) and len(self.target) != 1:
            raise ValueError("`outputs.target`: expected one column, of times, beside `event`")
        if self.event and self.group:
            raise ValueError("`outputs`: expected one of `event` and `group`, got both")

    def output(self, name: str) -> Output:
        """For the package."""
        target = (self.target,) if isinstance(self.target, str) else self.target
        classes = self.classes
        if classes is None and self.kind == "labels" and len(target) > 1:
            classes = target
        shape = self.shape
        if shape is None and self.kind in ("numbers", "quantiles") and len(target) > 1:
            shape = (len(target),)
        if self.times:
            shape = (len(self.times),)
        return Output(
            name=name,
            kind=self.kind,
            target=target,
            classes=classes,
            levels=self.levels,
            shape=shape,
            group=self.group,
            k=(self.k or RANKING_PLACES) if self.group else None,
            event=self.event,
            times=self.times,
            top=self.top,
            spans=self.spans,
        )


class DataSection(FrozenModel):
    """``[data]``: source, target, columns, split."""

    source: str
    target: str | None = None  # None if ``[outputs]`` names the columns with right answers
    labels: str | None = None
    """The labelling scheme whose labels are the target column; None: a column of the data."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    """Columns that identify a row; the model does not get them."""
    train_only: tuple[str, ...] = ()
    split: Split = Split()
    embed: Literal["companion", "image", "none"] = "companion"
    personal: tuple[str, ...] = ()
    not_personal: tuple[str, ...] = ()
    columns: dict[str, DeclaredColumn] = {}
    read: ReadOptions = ReadOptions()
    files: FileRows | None = None

    @model_validator(mode="after")
    def _one_place_for_a_column(self) -> DataSection:
        if self.include and self.exclude:
            raise ValueError("`data`: expected one of include and exclude, got both")
        for key, names in {"include": self.include, "train_only": self.train_only}.items():
            if self.target is not None and self.target in names:
                raise ValueError(f"`data.{key}`: expected no target among them")
        if both := sorted({*self.personal} & {*self.not_personal}):
            raise ValueError(
                f"`data.personal`: expected columns that are not in not_personal, got {both[0]!r}"
            )
        if both := sorted({*self.include} & {*self.train_only}):
            raise ValueError(f"`data.train_only`: expected columns not in include, got {both[0]!r}")
        return self

    @property
    def reader(self) -> TableReadOptions:
        """Options for reading the data's files."""
        columns = {
            name: ColumnReading(
                kind=c.kind,
                shape=c.shape,
                element=c.element,
                files=c.files,
                values=texts_of(c.values),
                null=c.null,
            )
            for name, c in self.columns.items()
            if c.kind or c.null is not None or texts_of(c.values)
        }
        return TableReadOptions(**self.read.model_dump(), columns=columns, files=self.files)

    @field_validator("split", mode="before")
    @classmethod
    def _from_is_written_from(cls, value: Any) -> Any:
        """Accept the key ``from`` only: the field ``start`` exists as ``from`` is a keyword."""
        if not isinstance(value, dict):
            return value
        if "start" in value:
            raise ValueError("unknown key `data.split.start`; the first test time is called `from`")
        moment = value.get("from")
        return {**value, "from": moment.isoformat()} if isinstance(moment, date) else value


class RecipeSection(FrozenModel):
    """``[recipe]``: the training function, its seed and the equivalence level it claims."""

    train: Entrypoint
    seed: int = Field(default=0, ge=0, lt=2**32)
    level: Level | None = None
    """The level that a replay must reach; None: the level that a repeat reaches at the build."""
    isa: Isa = "native"
    metrics: Entrypoint | None = None  # ``metrics(features, target, answers, *, probabilities)``
    features: FeatureForm = "frame"
    accept: dict[str, Annotated[float, Field(ge=0)]] = {}
    params: dict[str, Any] = {}


class ModelSection(FrozenModel):
    """``[model]``: a pretrained model."""

    path: str
    features: FeatureForm = "frame"
    origin: str | None = None  # the record of ``packager/project/mlflow/origin.py``


class RequirementsSection(FrozenModel):
    """``[requirements]``: the dependencies to lock."""

    file: str | None = None
    """None: the only file of requirements in the project's folder."""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Extras and dependency groups to take, beside the project's own dependencies."""
    index_strategy: Literal["first-index", "unsafe-first-match", "unsafe-best-match"] | None = None
    """uv's ``--index-strategy``; None: that of the user's configuration, else ``first-index``."""
    torch: TorchBackend | None = None


class ServeSection(FrozenModel):
    """``[serve]``: how the server loads and runs the model."""

    predictor: Annotated[str, Field(pattern=r"^auto$|^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] = "auto"
    compile: Literal["auto", "off", "require"] = "auto"
    workers: int = Field(default=2, ge=1, le=64)
    processes: Annotated[int, Field(ge=1, le=64)] | Literal["auto"] = 1
    strict: bool = False
    classes: Annotated[tuple[Scalar, ...], Field(min_length=2)] | None = None
    extra_columns: Literal["ignore", "refuse"] = "ignore"
    grpc: bool = False
    network: bool = False
    pickle_allow: tuple[DottedName, ...] = ()


class SlicesSection(FrozenModel):
    """``[slices]``: the subsets that are measured."""

    columns: tuple[str, ...] = ()
    rules: dict[str, str] = {}


class MonitoringSection(FrozenModel):
    """``[monitoring]``: the columns compared for drift."""

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    embedding: Entrypoint | None = None  # a function, or a method of the model: ``model:embed``

    @model_validator(mode="after")
    def _not_both(self) -> MonitoringSection:
        if both := sorted({*self.exclude} & {*self.include}):
            raise ValueError(
                f"[monitoring]: expected {both[0]!r} in exclude or in include, got it in both"
            )
        return self


class ImageSection(FrozenModel):
    """``[image]``: base, platforms and system packages."""

    base: str = "python:3.11-slim-bookworm"
    repository: Repository | None = None
    system_packages: tuple[str, ...] = ()
    platforms: tuple[Literal["linux/amd64", "linux/arm64"], ...] = ()
    include: tuple[str, ...] = ()
