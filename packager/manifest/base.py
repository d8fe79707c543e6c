"""Base classes of a package's records: frozen data, written as canonical JSON."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from packager.digest import HashedFile, canonical_json
from packager.errors import PackageError

Kind = Literal[
    "number",
    "integer",
    "boolean",
    "string",
    "datetime",
    "date",
    "time",
    "decimal",
    "bytes",
    "array",
    "list",
    "any",
]
"""``array``: numbers or booleans of one shape; ``list``: values of one kind, of any length.

``date``, ``time`` (of day) and ``decimal`` are kinds of columns that are declared as such.
"""
FeatureForm = Literal["frame", "array"]
"""The form of features for ``train`` and ``predict``: a data frame, or one array of all rows."""
Task = Literal["classification", "regression", "outputs"]
"""``outputs``: what ``Serve.outputs`` declares."""
Level = Literal["artifact", "state", "predictions", "metrics", "statistical"]
EquivalenceLevel = Literal["artifact", "state", "predictions", "metrics", "statistical", "none"]
Isa = Literal["native", "x86-64-v3"]
Scalar = bool | int | float | str
DottedName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.\w+)+$")]
"""A global of a module, ``module.name``."""
MAX_EXACT_INTEGER = 2**53
"""Every integer up to this absolute value is exact in float64."""


class FrozenModel(BaseModel):
    """A frozen record; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def dump(self) -> bytes:
        """Canonical JSON; ``load(dump())`` equals the original."""
        return canonical_json(self.model_dump(mode="json", by_alias=True))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a record from a JSON file; raise ``PackageError`` if it is unreadable or invalid."""
        try:
            return cls.model_validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8))
        except (OSError, ValidationError) as error:
            raise PackageError(
                f"{path}: expected {cls.__name__}, got {error}",
                "the package is damaged or was made by another version of this program",
            ) from error


class FileEntry(FrozenModel):
    """One file: posix path relative to its folder, sha256 and size in bytes."""

    path: str
    sha256: str
    size: int = Field(ge=0)

    @classmethod
    def of(cls, path: Path, name: str) -> FileEntry:
        """The entry of the file at ``path``, under ``name``."""
        return cls.named(name, HashedFile.of(path))

    @classmethod
    def named(cls, name: str, file: HashedFile) -> FileEntry:
        """The entry of an already hashed file, under ``name``."""
        return cls(path=name, sha256=file.sha256, size=file.size)
