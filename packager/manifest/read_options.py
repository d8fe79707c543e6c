"""Options for reading files of rows, as set in a project and recorded in a package.

``TableReadOptions`` are recorded with the data: check, training, replay, splits and
``predict --data`` read CSV files with the project's options.
"""

from __future__ import annotations

import codecs
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from packager.manifest.base import FrozenModel, Kind, Scalar

NULL_WORDS = (
    # pandas 3's own list, spelled out because it has grown before.
    *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND"),
    *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""Texts that mean null by default, in addition to the empty cell."""

Compression = Literal["gz", "bz2", "xz", "zip", "zst", "none"]
Dtype = Literal[
    "string",
    "number",
    "integer",
    "boolean",
    "datetime",
    "category",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]
_KINDS: dict[str, Kind] = {
    "string": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "datetime": "datetime",
}


class ReadOptions(FrozenModel):
    """``[data.read]``: the format of CSV files."""

    separator: str | None = Field(default=None, min_length=1, max_length=1)
    """None: a tab for ``.tsv``, else a comma."""
    decimal: str | None = Field(default=None, min_length=1, max_length=1)
    thousands: str | None = Field(default=None, min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    encoding: str = "utf-8"
    compression: Compression | None = None
    """None: by the last suffix of the file's name."""
    null: tuple[str, ...] | None = None
    """Texts that mean null, instead of ``NULL_WORDS``; the empty cell always does."""
    dtypes: dict[str, Dtype] = {}
    """Column → type in which it is read and passed to ``train``."""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            name = codecs.lookup(value).name
        except LookupError as error:
            raise ValueError(
                f"`data.read.encoding`: expected an encoding that Python supports, got {value!r}"
            ) from error
        return "utf-8" if name == "utf-8-sig" else name

    @model_validator(mode="after")
    def _different_marks(self) -> ReadOptions:
        marks = {
            "separator": self.separator or ",",
            "decimal": self.decimal or ".",
            "thousands": self.thousands,
            "quote": self.quote,
        }
        seen: dict[str, str] = {}
        for name, mark in marks.items():
            if mark is None:
                continue
            implied = seen.get(mark) == "separator" and self.separator is None
            if mark in seen and not implied:
                raise ValueError(
                    f"`data.read`: expected different characters for {name} and "
                    f"{seen[mark]}, got {mark!r} for both"
                )
            seen[mark] = name
        return self


class ColumnReading(FrozenModel):
    """Reading of the cells of one CSV column."""

    kind: Kind | None = None
    shape: tuple[int, ...] | None = None
    element: str | None = None
    """As in ``Column``."""
    files: str | None = None
    """Of bytes: the folder, relative to the source's, of the files that the cells name."""
    values: tuple[str, ...] = ()
    """Texts that are values even if they are null words."""
    null: tuple[str, ...] | None = None
    """Texts that mean null in this column, instead of the table's."""


class FileRows(FrozenModel):
    """``[data] files``: each file of the source's folder is a row."""

    content: str
    """The column of the files' bytes."""
    folder: str | None = None
    """The column of the names of the folders at the top, such as classes; None for none."""

    @model_validator(mode="after")
    def _different_names(self) -> FileRows:
        if self.content == self.folder:
            raise ValueError(
                f"`data.files`: expected different columns for content and folder, got "
                f"{self.content!r} for both"
            )
        return self


class TableReadOptions(ReadOptions):
    """``[data.read]``, ``[data] files``, and the reading options of ``[data.columns]``."""

    columns: dict[str, ColumnReading] = {}
    files: FileRows | None = None
    """Set if the source is a folder in which each file is a row."""

    def null_words(self, name: str) -> tuple[str, ...]:
        """Texts that mean null in a column; the empty text is always one."""
        column = self.columns.get(name, ColumnReading())
        words = column.null if column.null is not None else self.null
        if words is None:
            words = () if self.kind(name) in ("string", "bytes") else NULL_WORDS
        return ("", *(word for word in words if word not in column.values and word))

    def says_null(self, name: str) -> bool:
        """Whether the options set the null words of a column, directly or by declaring its kind."""
        column = self.columns.get(name)
        declared = column is not None and column.null is not None
        return declared or self.null is not None or self.kind(name) is not None

    def kind(self, name: str) -> Kind | None:
        """The declared kind of a column; None if none is declared."""
        column = self.columns.get(name)
        if column is not None and column.kind is not None:
            return column.kind
        return _KINDS.get(self.dtypes.get(name, ""))

    def array(self, name: str) -> tuple[str, tuple[int, ...]] | None:
        """Element dtype and shape of a column declared as an array; else None."""
        column = self.columns.get(name)
        if column is None or column.element is None or column.shape is None:
            return None
        return column.element, column.shape

    @property
    def folders(self) -> dict[str, str]:
        """Column → folder of the files that its cells name."""
        return {name: column.files for name, column in self.columns.items() if column.files}

    def dtype(self, name: str) -> str | None:
        """The pandas dtype declared for a column in ``train``; None if none is declared."""
        dtype = self.dtypes.get(name)
        return None if dtype in _KINDS else dtype

    def with_usual_marks(self) -> TableReadOptions:
        """The same options for UTF-8 with commas between cells and decimal points."""
        return TableReadOptions(
            null=self.null, dtypes=self.dtypes, columns=self.columns, files=self.files
        )

    @property
    def declared(self) -> tuple[str, ...]:
        """The columns whose kind is declared."""
        return tuple(name for name in {**self.columns, **self.dtypes} if self.kind(name))


DEFAULT_OPTIONS = TableReadOptions()
"""The options of a project that sets none."""


def texts_of(values: tuple[Scalar, ...] | None) -> tuple[str, ...]:
    """The values that are text."""
    return tuple(value for value in values or () if isinstance(value, str))


def shown_options(**options: Any) -> str:
    """Options as a line of package.toml under ``[data]``."""
    inside = ", ".join(f"{name} = {toml_text(value)}" for name, value in options.items())
    return f"read = {{ {inside} }}"


def toml_text(text: str) -> str:
    """``text`` as a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
