"""The texts in the inputs of a form: from a row, from a browser's request, and back to a row."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packager.data.rows.nested_values import to_bytes
from packager.manifest.manifest import Column
from serving.http.messages import RequestError
from serving.protocols.form_parts import FormPart
from serving.protocols.text_cells import cell_of
from serving.try_page.controls import Control

MAX_KEPT_BYTES = 1 << 18
"""Bytes of a file that the page sends back to the browser, so that it needn't be chosen again."""
NULL = "null"
OTHER = "other"
LEFT_OUT = "omit"
KEPT = "kept"

Fields = Mapping[str, FormPart]
"""The parts of a form by name."""


@dataclass(frozen=True)
class FieldEntry:
    """The state of one control."""

    text: str = ""
    """Of a choice the JSON text of the value; of a checkbox ``true`` or empty."""
    null: bool = False
    omitted: bool = False
    """Whether the row leaves the column out."""
    content: bytes | None = None
    """Of a file."""
    typed: bool = False
    """Of a choice: whether the text is what was typed in place of a known value."""


def entry_of(control: Control, row: Mapping[str, Any]) -> FieldEntry:
    """The entry that means the value of a row."""
    column = control.column
    if column.name not in row:
        return FieldEntry(null=control.has_null_box, omitted=control.optional)
    value = row[column.name]
    if value is None:
        return FieldEntry(null=True)
    if control.kind == "choice" and _is_known(value, control.choices):
        return FieldEntry(json.dumps(value))
    if control.kind == "checkbox":
        return FieldEntry("true" if value is True else "")
    if control.kind == "file":
        return FieldEntry(content=to_bytes(value))
    return FieldEntry(_text_of(value, column), typed=control.kind == "choice")


def sent_entries(controls: Sequence[Control], fields: Fields) -> list[FieldEntry]:
    """The entry of each control as a browser sent it; raises ``RequestError`` (422)."""
    return [_sent(control, fields) for control in controls]


def row_of(controls: Sequence[Control], entries: Sequence[FieldEntry]) -> dict[str, Any]:
    """The row that the entries mean; its bytes are not encoded."""
    return {
        control.column.name: _cell(control, entry)
        for control, entry in zip(controls, entries, strict=True)
        if not (entry.omitted and (control.optional or control.extra))
    }


def _sent(control: Control, fields: Fields) -> FieldEntry:
    omitted = control.optional and control.field(LEFT_OUT) in fields
    null = control.has_null_box and control.field(NULL) in fields
    if control.kind == "file":
        return FieldEntry(null=null, omitted=omitted, content=_file(control, fields))
    text = _text(control, control.field(), fields)
    if control.kind == "choice":
        other = _text(control, control.field(OTHER), fields)
        if other:
            return FieldEntry(other, omitted=omitted, typed=True)
        return FieldEntry(text, null=not text, omitted=omitted)
    if control.kind == "checkbox":
        return FieldEntry("true" if text else "", null, omitted)
    return FieldEntry(text, null or (not text and not _empty_is_value(control)), omitted)


def _cell(control: Control, entry: FieldEntry) -> Any:
    if entry.null:
        return None
    if control.kind == "file":
        return entry.content
    if control.kind == "checkbox":
        return bool(entry.text)
    if control.kind == "choice" and not entry.typed:
        known = [value for value in control.choices if json.dumps(value) == entry.text]
        if known:
            return known[0]
    return _typed(entry.text, control.column)


def _typed(text: str, column: Column) -> Any:
    """The value that a typed text means."""
    return _scalar(text) if column.kind == "any" else cell_of(text, column)


def _scalar(text: str) -> Any:
    """A number, boolean or quoted text of JSON; any other text is itself."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, float) and not math.isfinite(value):
        return text
    return value if isinstance(value, bool | int | float | str) else text


def _text_of(value: Any, column: Column) -> str:
    """The text that ``_typed`` reads as ``value``."""
    if isinstance(value, str) and (column.kind != "any" or _scalar(value) == value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_known(value: Any, choices: Sequence[Any]) -> bool:
    return any(type(choice) is type(value) and choice == value for choice in choices)


def _empty_is_value(control: Control) -> bool:
    return control.column.kind in ("any", "string")


def _text(control: Control, name: str, fields: Fields) -> str:
    part = fields.get(name)
    if part is None:
        return ""
    try:
        return part.text.replace("\r\n", "\n")  # as browsers send the lines of a text
    except UnicodeDecodeError as error:
        message = "the form holds text that is not UTF-8"
        raise RequestError(
            422, "invalid_row", message, column=control.column.name, expected="text in UTF-8"
        ) from error


def _file(control: Control, fields: Fields) -> bytes | None:
    """The file that was chosen, else the one that the page has kept."""
    part = fields.get(control.field())
    if part is not None and (part.filename or part.content):
        return part.content
    stored = fields.get(control.field(KEPT))
    if stored is None:
        return None
    try:
        return base64.b64decode(stored.content, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "the form holds a file that is not base64"
        raise RequestError(
            422, "invalid_row", message, column=control.column.name, expected="a file"
        ) from error
