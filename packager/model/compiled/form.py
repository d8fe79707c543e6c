"""A model as exact column encoders and a head: plain data, written without pickle.

A form computes a float64 matrix from the columns of a request and passes it to its head. Every
entry of the matrix depends on one column of the request (``Number``, ``LookupTable``), or is an
output of one of the model's own fitted transformers for such a matrix (``FittedStep``).
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from packager.digest import canonical_json
from packager.errors import PackageError
from packager.manifest.base import FrozenModel, Scalar
from packager.model.compiled.stored_arrays import StoredArray, mapped
from packager.model.compiled.text_form import Text

FORM = "form.json"
TREES = "trees.bin"
ARRAYS = "arrays.bin"

OpName = Literal[
    "fill", "subtract", "divide", "multiply", "add", "clip", "isnull", "above", "bins", "equals"
]
Path_ = tuple[str | int, ...]
"""Attributes and indices from the model to a part of it."""
Entries = tuple[tuple[int, float | None], ...]
"""(position in the matrix, value); None is NaN, which JSON cannot represent."""


class Op(FrozenModel):
    """One operation on a float64, as scikit-learn applies it to each entry of a column."""

    name: OpName
    values: tuple[float, ...] = ()


class Number(FrozenModel):
    """A number, integer or boolean of a request (NaN for null) after ``ops``."""

    position: int
    column: int
    ops: tuple[Op, ...] = ()


class Derived(FrozenModel):
    """One output of a step, after ``ops``."""

    position: int
    step: int
    output: int
    ops: tuple[Op, ...] = ()


class LookupTable(FrozenModel):
    """The matrix entries that depend on one categorical column, for each of its values.

    ``default`` lists all such entries; ``entries`` lists those that a value changes.
    """

    column: int
    default: Entries
    keys: tuple[Scalar, ...]
    entries: tuple[Entries, ...]
    """For each of ``keys``: the entries that differ from ``default``."""
    null: Entries | None = None
    """None: a null is outside the domain."""
    unknown: Entries | None = None
    """For values that are not in ``keys``; None: they are outside the domain."""


class Matrix(FrozenModel):
    """Filling of a matrix of float64 from the columns of a request."""

    width: int
    numbers: tuple[Number, ...] = ()
    tables: tuple[LookupTable, ...] = ()
    derived: tuple[Derived, ...] = ()
    sparse: bool = False
    """Whether the model's own parts get it as a CSR matrix, as in the native model."""


class FittedStep(FrozenModel):
    """A fitted transformer of the model that is called with an array, without change."""

    path: Path_
    matrix: Matrix


Link = Literal["none", "exp", "logistic", "ovr", "softmax", "labels"]
"""``labels``: labels from the scores, without probabilities."""


class Linear(FrozenModel):
    """``matrix @ coefficients + intercept`` and a link, in NumPy or plain Python."""

    kind: Literal["linear"] = "linear"
    coefficients: tuple[tuple[float, ...], ...]
    """Shape (scores, width of the matrix)."""
    intercept: tuple[float, ...]
    link: Link


class SparseLinear(FrozenModel):
    """As ``Linear``, for a matrix with the features of texts; its weights are in ``arrays.bin``."""

    kind: Literal["sparse linear"] = "sparse linear"
    weights: StoredArray
    """float64, shape (width of the whole matrix, scores)."""
    intercept: tuple[float, ...]
    link: Link
    largest: float | None = None
    """If weights are products of the model's own: the largest sum of their absolute values."""
    terms: int = 0
    """Largest number of products of which such a weight is the sum."""


class Trees(FrozenModel):
    """The trees in ``trees.bin``, by tables made of them or treelite's general inference (GTIL)."""

    kind: Literal["trees"] = "trees"
    float32: bool
    """Whether the framework rounds its input to float32 before comparing."""
    link: Literal["none", "exp", "logistic", "doubled", "ova", "softmax"]
    """``doubled``: logistic of twice the sum; ``ova``: logistic of each class's sum."""
    zero: float = 0.0
    """The framework treats numbers up to this absolute value as 0."""
    in_order: bool = False
    """Whether sums are float32, starting at the base score, tree by tree, as in XGBoost."""


class Native(FrozenModel):
    """The model's own estimator on the encoded array."""

    kind: Literal["native"] = "native"
    path: Path_
    probabilities: bool
    """Whether it has probabilities."""


Part = Annotated[Linear | SparseLinear | Trees, Field(discriminator="kind")]


class Joined(FrozenModel):
    """A head of one kind for each of several answers, on the same matrix."""

    kind: Literal["joined"] = "joined"
    heads: tuple[Part, ...] = Field(min_length=1)
    sizes: tuple[int, ...] = ()
    """Of heads with trees: the number of bytes of each in ``trees.bin``, one after the other."""


Head = Annotated[Linear | SparseLinear | Trees | Native | Joined, Field(discriminator="kind")]


class Domain(FrozenModel):
    """Values of a column for which the form's answers equal the model's."""

    name: str
    used: bool
    nulls: bool = False
    low: float | None = None
    high: float | None = None
    """Bounds of a number; those of integers are below 2⁵³, where float64 is exact."""
    known_only: bool = False
    """Whether only the values in its tables are in the domain."""


class Form(FrozenModel):
    """A compiled model without the bytes of its trees or arrays."""

    columns: tuple[Domain, ...]
    """One for each feature of the schema, in order."""
    steps: tuple[FittedStep, ...]
    matrix: Matrix
    head: Head
    nan: bool
    """Whether NaN may reach the head or a step."""
    tolerance: float
    texts: tuple[Text, ...] = ()
    """Features of text columns; only with heads ``SparseLinear``."""
    indices: tuple[int, ...] = ()
    """With ``texts``: for each entry of ``matrix`` its position in the whole matrix."""

    @property
    def parts(self) -> tuple[Linear | SparseLinear | Trees, ...]:
        """Its heads; empty if the model's own estimator is the head."""
        if isinstance(self.head, Native):
            return ()
        return self.head.heads if isinstance(self.head, Joined) else (self.head,)

    def parts_content(self, content: Any) -> list[Any]:
        """The trees or arrays of the form that ``parts`` use."""
        if not isinstance(self.head, Joined) or not self.head.sizes:
            return [content] * len(self.parts)
        ends = [*accumulate(self.head.sizes, initial=0)]
        return [content[start:end] for start, end in pairwise(ends)]

    @property
    def strategy(self) -> str:
        """Short description of the computation."""
        heads = {
            "linear": "linear model in NumPy",
            "sparse linear": "sparse linear model in NumPy",
            "trees": "treelite",
        }
        head = heads[self.parts[0].kind] if self.parts else "native estimator"
        middle = ["native transformers"] if self.steps else []
        middle += ["n-grams"] if self.texts else []
        return " + ".join(["encoders", *middle, head])

    @property
    def domain(self) -> tuple[str, ...]:
        """Readable conditions: one line for each column, and those on rounding and near ties."""
        columns = [_condition(column) for column in self.columns]
        return (*columns, *self._long_texts(), *self._close_calls())

    def _long_texts(self) -> Iterator[str]:
        for text in self.texts:
            if text.analysis.longest is not None:
                name, longest = self.columns[text.column].name, text.analysis.longest
                yield f"{name}: at most {longest:,} characters"

    def _close_calls(self) -> tuple[str, ...]:
        lines = []
        if any(isinstance(part, Linear | SparseLinear) for part in self.parts):
            lines.append("the sums are small enough that rounding stays below the tolerance")
        if any(part.link not in _OF_NUMBERS for part in self.parts):
            lines.append(f"the two likeliest classes differ by more than {self.tolerance:g}")
        return tuple(lines)


_OF_NUMBERS = ("none", "exp")
"""Links whose answers are numbers, not classes."""


def _condition(column: Domain) -> str:
    if not column.used:
        return f"{column.name}: anything (the model does not use it)"
    parts = []
    if column.low is not None and column.high is not None:
        parts.append(f"a number from {column.low:.16g} to {column.high:.16g}")
    if column.known_only:
        parts.append("a category that the model's encoders know")
    if not parts:
        parts.append("any value")
    return f"{column.name}: {' and '.join(parts)}, " + ("or null" if column.nulls else "not null")


def write(form: Form, content: bytes | None, folder: Path) -> None:
    """Write ``form`` and its trees or arrays into ``folder``; equal forms give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FORM).write_bytes(canonical_json(form.model_dump(mode="json")))
    own = _content_file(form)
    for name in (TREES, ARRAYS):
        # Of a form that was written here before; a process may still map it into memory.
        (folder / name).unlink(missing_ok=True)
    if own is not None:
        (folder / own).write_bytes(content or b"")


def read(folder: Path) -> tuple[Form, bytes | mmap.mmap | None]:
    """Read what ``write`` wrote; raise ``PackageError`` if it is missing or damaged.

    Arrays are mapped into memory, which processes share.
    """
    form = Form.load(folder / FORM)
    name = _content_file(form)
    if name is None:
        return form, None
    try:
        return form, mapped(folder / name) if name == ARRAYS else (folder / name).read_bytes()
    except OSError as error:
        expected = "trees" if name == TREES else "arrays"
        raise PackageError(
            f"{folder / name}: expected the {expected} of the compiled model, got {error}",
            "the package is damaged: build it again",
        ) from error


def _content_file(form: Form) -> str | None:
    kinds = {type(part) for part in form.parts}
    if Trees in kinds:
        return TREES
    return ARRAYS if SparseLinear in kinds else None
