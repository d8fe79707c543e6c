"""The records of a package, as frozen data.

A *manifest* identifies the whole content of a package. It contains no time, host name or git
state, so the same inputs give the same bytes. The sha256 of its canonical JSON is the *package
root*; its first twelve hex digits appear in tags, answers and metrics. A change of a field's
meaning requires a new ``Manifest.schema_version``.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from packager.digest import sha256_bytes
from packager.manifest.base import (
    EquivalenceLevel,
    FeatureForm,
    FileEntry,
    FrozenModel,
    Isa,
    Kind,
    Level,
    Scalar,
    Task,
)
from packager.manifest.data_roles import DataRoles
from packager.manifest.dvc_version import DvcVersion
from packager.manifest.evaluation import (
    Compilation,
    DataCheckSummary,
    Evaluation,
    NumericalEnvironment,
    RepeatabilityResult,
    SeedVariance,
)
from packager.manifest.label_schemes import TableVersion
from packager.manifest.outputs import Output
from packager.manifest.personal import Personal
from packager.manifest.platform import Platform
from packager.manifest.policy import Policy
from packager.manifest.read_options import TableReadOptions
from packager.manifest.solution import Solution

RejectedValue = Literal["null", "unseen", "empty", "extreme"]
"""A kind of value: null, one absent from training, what is empty, the extremes of the dtype."""


class Column(FrozenModel):
    """An input column of the training: its ``kind`` in requests, its pandas ``dtype`` in frames."""

    name: str
    kind: Kind
    dtype: str
    nullable: bool
    shape: tuple[int, ...] | None = None  # of an array: that of one cell
    element: str | None = None
    """The NumPy dtype of an array's elements; the kind of a list's."""
    categories: tuple[Scalar, ...] | None = None
    """Values seen in training, for text, category and boolean columns of at most 10,000 values."""
    minimum: float | None = None
    maximum: float | None = None
    """Range in training, of an array's elements; datetimes in nanoseconds since 1970 (UTC)."""
    refuses: tuple[RejectedValue, ...] = ()
    """Values on which the model raised in the build (``worker/train/rejected_values.py``)."""
    fatal: tuple[RejectedValue, ...] = ()
    """The values of ``refuses`` on which the model's process ended or hung."""
    default: Scalar | None = None  # of a row that leaves the column out; None: it must not
    personal: Personal | None = None
    """Kind of personal data it contains; if set, the package records none of its values."""


class Schema(FrozenModel):
    """Inputs and outputs of a prediction."""

    features: tuple[Column, ...]
    extras: tuple[Column, ...] = ()
    """Columns that slices read but the model doesn't get: optional inputs."""
    unused: tuple[str, ...] = ()
    """The other columns of the training data; a request may contain them."""
    target: Column | None = None
    classes: tuple[Scalar, ...] | None = None
    """Class labels in the order of ``predict_proba``'s columns; None for regression."""
    outputs: tuple[Output, ...] = ()
    """``Serve.outputs``, with the model's classes and shapes."""

    @property
    def probability_classes(self) -> tuple[Scalar, ...] | None:
        """The labels whose probabilities a row's answer may hold, in their order."""
        return self.outputs[0].classes if len(self.outputs) == 1 else self.classes


class Recipe(FrozenModel):
    """Training of the model, and the equality that a replay must reach."""

    train: str
    """``module:function``, called as ``train(features, target, *, params, seed)``."""
    seed: int
    params: dict[str, Any]
    metrics: str | None = None  # ``module:function``
    level: Level | None = None
    """The claimed equivalence level; None for no claim."""
    accept: dict[str, float]
    """Largest allowed absolute difference per metric, for the level ``metrics``."""
    isa: Isa = "native"
    """``x86-64-v3``: limit kernels to that instruction set, on newer processors too."""


class Serve(FrozenModel):
    """Loading and serving of the model."""

    predictor: str
    """``auto`` or ``module:Class`` with ``load(path)`` and ``predict(frame)``."""
    loader: str = "joblib"
    """``joblib``, a module of the project that has ``load``, ``format:`` and a format's name, or
    ``solution``."""
    classes: tuple[Scalar, ...] | None = None
    """The labels in the order of the model's outputs; None: those that the model records."""
    features: FeatureForm = "frame"
    compile: Literal["auto", "off", "require"]
    workers: int
    processes: int | Literal["auto"] = 1
    """Model processes; ``auto``: as many as CPUs."""
    strict: bool
    extra_columns: Literal["ignore", "refuse"] = "ignore"
    outputs: tuple[Output, ...] = ()
    """Its answers; empty for one label or number, as the task says."""
    grpc: bool = False  # whether the image has what a gRPC port needs
    network: bool = False  # whether the model's process may use it
    pickle_allow: tuple[str, ...] = ()  # further globals that its pickles may name


class Slices(FrozenModel):
    """Groups of rows with metrics of their own."""

    columns: dict[str, tuple[str, ...]]
    """Column to its declared values (as text); any other value is ``other``."""
    rules: dict[str, str]


Group = Literal["model", "server", "grpc", "trees", "harness", "parquet", "issues", "members"]
"""An environment that has a wheel: the project's, the server's (``grpc`` with such a port,
``trees`` where trees may be compiled), and the one that trains, checks and replays, in the
companion (``parquet`` where the data is). ``issues``: the issue tracker's, which no package has.
``members``: those of the members of a solution, as ``Lock.members`` says."""


class Wheel(FrozenModel):
    """One locked dependency: exactly this file."""

    name: str
    version: str
    filename: str
    sha256: str
    groups: tuple[Group, ...]
    """In the order of ``Group``; a wheel of several environments is stored once."""


class Base(FrozenModel):
    """The base image, by content: ordered layer diff_ids and environment."""

    reference: str
    diff_ids: tuple[str, ...]
    env: tuple[str, ...]
    packages: tuple[str, ...] = ()
    """Debian packages recorded in the base itself: ``name=version``, sorted."""


class Lock(FrozenModel):
    """Every dependency with version and sha256, and the base by its layers.

    The wheels of the model come first, then those of the server and the harness, each by name.
    """

    python: str  # ``3.11``
    platform: str  # ``linux/amd64``
    base: Base | Literal["none"]
    wheels: tuple[Wheel, ...]
    members: dict[str, tuple[str, ...]] = {}
    """Of a solution: a member with an environment of its own → the sha256 of its wheels."""

    def without(self, group: Group) -> Lock:
        """This lock with no wheel of ``group``."""
        wheels = (
            wheel.model_copy(update={"groups": tuple(one for one in wheel.groups if one != group)})
            for wheel in self.wheels
        )
        return self.model_copy(update={"wheels": tuple(one for one in wheels if one.groups)})

    def wheels_of(self, *groups: Group) -> list[Wheel]:
        """The wheels of an environment with ``groups``."""
        return [wheel for wheel in self.wheels if set(groups) & set(wheel.groups)]

    def wheels_of_member(self, name: str) -> list[Wheel]:
        """The wheels of a member's environment."""
        own = {*self.members[name]}
        return [wheel for wheel in self.wheels if wheel.sha256 in own]


class Fingerprint(FrozenModel):
    """Identity of a data set, ``dfp/1``; specified in docs/fingerprint.md.

    The sha256 of ``files`` protect integrity; the 64-bit sums (hex, 16 digits) show what changed.
    """

    algorithm: Literal["dfp/1"] = "dfp/1"
    files: tuple[FileEntry, ...]
    schema_: str = Field(alias="schema")
    """sha256 of the canonical JSON of names, logical types and nullability, in order."""
    columns: dict[str, str]
    """Column name to the sum of its cell hashes."""
    row_count: int
    rows: tuple[str, str]
    """Two sums over row hashes, independent of the order of rows."""
    ordered: str
    """A sum that depends on the order of rows."""
    sketch: tuple[str, ...]
    """The 1,024 smallest distinct row hashes, ascending."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DataSource(DataRoles):
    """The data named in the project, and how it was read."""

    format: Literal["csv", "parquet", "numpy", "files"]
    files: tuple[FileEntry, ...]
    """Under ``/data/source``, in reading order: the table, arrays, and files that cells name."""
    test_file: FileEntry | None
    """Under ``/data/test``: the held-out rows, if ``split.file`` names them."""
    embed: Literal["companion", "image", "none"]
    unlabelled: dict[str, int] = {}
    """Null text in the target column → number of rows left out; "" for empty cells."""
    fingerprint: str  # sha256 of ``/package/fingerprint.json``
    train_rows: int
    test_rows: int
    table: TableVersion | None = None  # the source of ``files`` if they were exported from it
    dvc: DvcVersion | None = None  # what DVC tracks them by, if it does


class Manifest(FrozenModel):
    """Everything that identifies this package."""

    schema_version: Literal[2] = 2
    name: str
    version: str
    task: Task
    schema_: Schema = Field(alias="schema")
    serve: Serve
    slices: Slices
    recipe: Recipe | Literal["none"]
    solution: Solution | None = None
    """None for a package of one model."""
    data: DataSource | Literal["none"]
    evaluation: Evaluation | None
    findings: DataCheckSummary | None = None
    test: Policy = Policy()
    environment: NumericalEnvironment
    repeatability: RepeatabilityResult | None = None
    """None for a model trained elsewhere."""
    seed_variance: SeedVariance | None = None  # of ``package train --seeds``
    compiled: Compilation = Compilation(verdict="off")  # the form is in ``/package/compiled``
    runtime: str
    """Tree digest of the sources of ``packager``, ``serving`` and ``monitoring`` in the image."""
    training_runtime: str | None = None
    """The digest of the modules that only the companion has; None without data."""
    code: tuple[FileEntry, ...]
    model: tuple[FileEntry, ...]
    files: tuple[FileEntry, ...]
    """The other files under ``/package`` that all platforms have."""
    platforms: dict[str, Platform]
    """``linux/amd64`` → what runs there; the root covers all of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @property
    def reader(self) -> TableReadOptions:
        """Options with which the package's CSV was read; other files of such rows need the same."""
        return TableReadOptions() if self.data == "none" else self.data.reader

    def package_files(self, platform: str | None) -> tuple[FileEntry, ...]:
        """Every file under ``/package`` of the image for ``platform``, except the manifest."""
        own = self.platforms[platform].files if platform in self.platforms else ()
        return tuple(sorted((*self.files, *own), key=lambda entry: entry.path))

    @property
    def level(self) -> EquivalenceLevel:
        """The level a replay must reach: the claimed one, or that of the second training."""
        claimed = self.recipe.level if isinstance(self.recipe, Recipe) else None
        return claimed or (self.repeatability.level if self.repeatability else "none")

    @property
    def root(self) -> str:
        """The package root: hex sha256 of the canonical manifest."""
        return sha256_bytes(self.dump())

    @property
    def tag(self) -> str:
        """``version-<12 hex of the root>``; every engine accepts it as a tag."""
        return f"{self.version}-{self.root[:12]}"
