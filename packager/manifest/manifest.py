"""The nouns of a package, as frozen data.

A *manifest* names everything that makes a package what it is: files, lock, base and runtime by
digest, schema, recipe, evaluation. It holds no clock, host name or git fact, so the same inputs
give the same bytes. The sha256 of its canonical JSON is the *package root*; the first twelve hex
digits of it stand in tags, answers and metrics.

Host and image meet through this module: the host writes ``/package/manifest.json``, the worker
and the server read it. Changing a field's meaning means raising ``Manifest.schema_version``.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from packager.digest import sha256_bytes
from packager.manifest.base import (
    EquivalenceLevel,
    FileEntry,
    FrozenModel,
    Isa,
    Kind,
    Level,
    Scalar,
    Task,
)
from packager.manifest.data_roles import DataRoles
from packager.manifest.evaluation import (
    Compiled,
    DataCheckSummary,
    Evaluation,
    NumericalEnvironment,
    RepeatabilityResult,
    SeedVariance,
)
from packager.manifest.read_options import TableReadOptions

RejectedValue = Literal["null", "unseen", "empty", "extreme"]
"""A kind of value: null, a value that training lacked, empty text, the ends of the dtype."""


Personal = Literal[
    "e-mail addresses",
    "phone numbers",
    "payment cards",
    "bank accounts",
    "national ids",
    "IP addresses",
    "birth dates",
    "postal addresses",
    "names of people",
    "personal data",
]
"""What a column's values look like; the last where only ``[data] personal`` says so."""


class Column(FrozenModel):
    """One input column, as the model met it in the training rows.

    ``kind`` is what a request may hold; ``dtype`` the pandas dtype the model was given, so that
    a served frame has the very dtypes of the training frame.
    """

    name: str
    kind: Kind
    dtype: str
    nullable: bool
    categories: tuple[Scalar, ...] | None = None
    """Values seen in training, for text, category and boolean columns of at most 10,000 values."""
    minimum: float | None = None
    maximum: float | None = None
    """Range in training; datetimes in nanoseconds since 1970 (UTC)."""
    refuses: tuple[RejectedValue, ...] = ()
    """Values on which the model raised when the build asked it (``worker/refusals.py``)."""
    fatal: tuple[RejectedValue, ...] = ()
    """Those of ``refuses`` that ended the model's process, or on which it never came back."""
    personal: Personal | None = None
    """What kind of personal data it holds: then no value of it is recorded in the package."""


class Schema(FrozenModel):
    """What goes into a prediction and what comes out."""

    features: tuple[Column, ...]
    extras: tuple[Column, ...] = ()
    """Columns the model never sees but slices read: optional inputs."""
    unused: tuple[str, ...] = ()
    """The other columns of the training data; a request that holds them isn't refused for it."""
    target: Column | None = None
    classes: tuple[Scalar, ...] | None = None
    """Class labels in the order of ``predict_proba``'s columns; None for regression."""


class Recipe(FrozenModel):
    """How the model was trained, and how equal a repeat must be."""

    train: str
    """``module:function``, called as ``train(features, target, *, params, seed)``."""
    seed: int
    params: dict[str, Any]
    level: Level | None = None
    """The claimed equivalence level; None for no claim."""
    accept: dict[str, float]
    """Largest allowed absolute difference per metric, for the level ``metrics``."""
    isa: Isa = "native"
    """``x86-64-v3``: kernels of that instruction set, on newer processors too."""


class Serve(FrozenModel):
    """How the model is loaded and served."""

    predictor: str
    """``auto`` or ``module:Class`` with ``load(path)`` and ``predict(frame)``."""
    loader: str = "joblib"
    """``joblib``, or the project module whose ``load`` reads the model."""
    compile: Literal["auto", "off", "require"]
    workers: int
    strict: bool
    extra_columns: Literal["ignore", "refuse"] = "ignore"


class Slices(FrozenModel):
    """Groups of rows measured on their own."""

    columns: dict[str, tuple[str, ...]]
    """Column to its declared values (as text); any other value is ``other``."""
    rules: dict[str, str]


class Wheel(FrozenModel):
    """One locked dependency: exactly this file."""

    name: str
    version: str
    filename: str
    sha256: str
    group: Literal["serve", "worker"]
    """``serve`` is in every image; ``worker`` only in the companion."""


class Base(FrozenModel):
    """The image below ours, by content: ordered layer diff_ids and environment."""

    reference: str
    diff_ids: tuple[str, ...]
    env: tuple[str, ...]
    packages: tuple[str, ...] = ()
    """Debian packages as the base itself records them: ``name=version``, sorted."""


class Lock(FrozenModel):
    """Every dependency with version and sha256, and the base by its layers."""

    python: str
    """``3.11``"""
    platform: str
    """``linux/amd64``"""
    base: Base | Literal["none"]
    wheels: tuple[Wheel, ...]


class Fingerprint(FrozenModel):
    """Identity of a data set, ``dfp/1``; specified in docs/fingerprint.md.

    Trust rests on the sha256 of ``files``; the 64-bit sums (hex, 16 digits) say what changed.
    """

    algorithm: Literal["dfp/1"] = "dfp/1"
    files: tuple[FileEntry, ...]
    schema_: str = Field(alias="schema")
    """sha256 of the canonical JSON of names, logical types and nullability, in order."""
    columns: dict[str, str]
    """Column name to the sum of its cell hashes."""
    row_count: int
    rows: tuple[str, str]
    """Two sums over row hashes, whatever their order."""
    ordered: str
    """A sum that depends on the order of rows."""
    sketch: tuple[str, ...]
    """The 1,024 smallest distinct row hashes, ascending."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class TableVersion(FrozenModel):
    """A version of a table, as the project names it."""

    table: str
    version: int


class DataSource(DataRoles):
    """The data as the project names it, and how it was read."""

    format: Literal["csv", "parquet"]
    files: tuple[FileEntry, ...]
    """Under ``/data/source``, in reading order."""
    test_file: FileEntry | None
    """Under ``/data/test``: the held-out rows, where ``split.file`` names them."""
    target: str
    embed: Literal["companion", "image", "none"]
    unlabelled: dict[str, int] = {}
    """Text that stood in place of a label and counts as null → rows left out; "" where the cell
    was empty."""
    fingerprint: str
    """sha256 of ``/package/fingerprint.json``."""
    train_rows: int
    test_rows: int
    table: TableVersion | None = None
    """What ``files`` were exported from, if not files of the project's own."""


class Manifest(FrozenModel):
    """Everything that makes this package what it is."""

    schema_version: Literal[1] = 1
    name: str
    version: str
    task: Task
    schema_: Schema = Field(alias="schema")
    serve: Serve
    slices: Slices
    recipe: Recipe | Literal["none"]
    data: DataSource | Literal["none"]
    evaluation: Evaluation | None
    findings: DataCheckSummary | None = None
    environment: NumericalEnvironment
    repeatability: RepeatabilityResult | None = None
    """None for a model trained elsewhere."""
    seed_variance: SeedVariance | None = None
    """Recorded by ``package train --seeds``."""
    compiled: Compiled = Compiled(verdict="off")
    """The form itself lies under ``/package/compiled``."""
    runtime: str
    """tree digest of ``packager``, ``serving`` and ``monitoring`` as they lie in the image."""
    code: tuple[FileEntry, ...]
    model: tuple[FileEntry, ...]
    files: tuple[FileEntry, ...]
    """The other files under ``/package``: lock, fingerprint, profile, golden rows, Dockerfile."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @property
    def reader(self) -> TableReadOptions:
        """How the package's own CSV was read, and other files of such rows are."""
        return TableReadOptions() if self.data == "none" else self.data.reader

    @property
    def level(self) -> EquivalenceLevel:
        """The level a replay must reach: the claimed one, or that of the repeat at build."""
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
