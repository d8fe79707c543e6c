"""The inputs of the form as HTML, each with what its column held in training."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from packager.data.rows.coerce import format_bound
from packager.manifest.manifest import Column
from packager.text import counted, escape_markup, format_bytes
from serving.openapi.nested import nested_words
from serving.try_page.bins import FeatureBin
from serving.try_page.charts import percent, shown, strip
from serving.try_page.controls import Control
from serving.try_page.entries import KEPT, LEFT_OUT, MAX_KEPT_BYTES, NULL, OTHER, FieldEntry

_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?"
_TYPES = {
    "number": ("number", re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")),
    "date": ("date", re.compile(_DAY)),
    "time": ("time", re.compile(_CLOCK)),
    "moment": ("datetime-local", re.compile(f"{_DAY}[T ]{_CLOCK}")),
}
"""Kind of control → type of its input, and the texts that a browser shows in one."""
_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
}
_WORDS = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "string": "text",
    "date": "a date",
    "time": "a time of day",
    "decimal": "a decimal number, which is not rounded",
    "any": "a number, true, false or text",
    "bytes": "a file",
}
_FLAGS = {
    "missing": "missing",
    "unseen": "not seen in training",
    "out_of_range": "outside the range of training",
}


@dataclass(frozen=True)
class InputState:
    """The state of one control."""

    entry: FieldEntry
    flags: Sequence[str] = ()
    """Of the row: ``missing``, ``unseen``, ``out_of_range``."""
    error: str = ""
    bins: Sequence[FeatureBin] = ()


def input_html(control: Control, state: InputState) -> str:
    """A control with its label, what is unusual about its value, and where that lies."""
    own = control.field()
    marks = "".join(
        f'<em class="flag {flag}">{_FLAGS.get(flag, escape_markup(flag))}</em>'
        for flag in state.flags
    )
    error = f'<p class="error" id="{own}-error">{escape_markup(state.error)}</p>'
    kind = " wrong" if state.error else " flagged" if state.flags else ""
    return (
        f'<div class="field{kind}"><label for="{own}">{escape_markup(control.column.name)}</label>'
        f"{marks}{_input(control, state)}{_boxes(control, state.entry)}"
        f"{error if state.error else ''}"
        f'<p class="hint" id="{own}-hint">{_hint(control)}</p>{_bins(state.bins)}</div>'
    )


def _input(control: Control, state: InputState) -> str:
    entry = state.entry
    if control.kind == "choice":
        return _choice(control, entry, state)
    if control.kind == "checkbox":
        checked = " checked" if entry.text else ""
        return f'<input type="checkbox" value="true"{checked}{_common(control, state)}>'
    if control.kind == "file":
        return _file(control, entry, state)
    if control.kind in ("text", "json") or "\n" in entry.text:
        rows = 3 if control.kind == "json" or len(entry.text) > 60 else 2
        kind = ' class="json"' if control.kind == "json" else ""
        # The first line end within the element is not part of its text.
        return (
            f'<textarea rows="{rows}"{kind}{_common(control, state)}>\n'
            f"{value_of(entry.text)}</textarea>"
        )
    return _line(control, entry, state)


def _line(control: Control, entry: FieldEntry, state: InputState) -> str:
    kind, shape = _TYPES.get(control.kind, ("text", None))
    if shape is not None and entry.text and shape.fullmatch(entry.text) is None:
        kind = "text"  # a browser would not show it
    more = ""
    if kind == "number":
        more = ' step="1"' if control.column.kind == "integer" else ' step="any"'
        more += _bounds(control)
    elif kind in ("time", "datetime-local"):
        more = ' step="any"'
    elif control.column.kind == "decimal":
        more = ' inputmode="decimal"'
    if control.kind == "suggestion":
        more += f' list="{control.field()}-known"'
        options = "".join(f'<option value="{value_of(str(choice))}">' for choice in control.choices)
        more_html = f'<datalist id="{control.field()}-known">{options}</datalist>'
    else:
        more_html = ""
    required = " required" if control.needs_input else ""
    value = f' value="{value_of(entry.text)}"'
    return f'<input type="{kind}"{value}{more}{required}{_common(control, state)}>{more_html}'


def _bounds(control: Control) -> str:
    """The range of training, where a value beyond it would be refused."""
    column = control.column
    if control.is_open or column.minimum is None or column.maximum is None:
        return ""
    return f' min="{column.minimum!r}" max="{column.maximum!r}"'


def _choice(control: Control, entry: FieldEntry, state: InputState) -> str:
    empty = "no value (null)" if control.takes_null or control.extra else "choose …"
    if entry.typed:
        empty = "the value below"
    options = [("", empty), *((json.dumps(choice), shown(choice)) for choice in control.choices)]
    chosen = "" if entry.typed else entry.text
    listed = "".join(
        f'<option value="{value_of(value)}"{" selected" if value == chosen else ""}>{text}</option>'
        for value, text in options
    )
    required = " required" if control.needs_input else ""
    markup = f"<select{required}{_common(control, state)}>{listed}</select>"
    if not control.is_open:
        return markup
    name = control.field(OTHER)
    text = value_of(entry.text) if entry.typed else ""
    label = f"another value of {escape_markup(control.column.name)}"
    return (
        f'{markup}<input type="text" class="other" name="{name}" value="{text}" '
        f'placeholder="or another value" aria-label="{label}" autocomplete="off">'
    )


def _file(control: Control, entry: FieldEntry, state: InputState) -> str:
    markup = f'<input type="file"{_common(control, state)}>'
    content = entry.content
    if content is None:
        return markup
    size = format_bytes(len(content))
    if len(content) > MAX_KEPT_BYTES:
        return f'{markup}<p class="hint">The file of {size} must be chosen again.</p>'
    text = base64.b64encode(content).decode("ascii")
    picture = _picture(content, text, control.column.name)
    return (
        f'{markup}<input type="hidden" name="{control.field(KEPT)}" value="{text}">'
        f'<p class="kept">{picture}<span>{size}, kept unless another file is chosen</span></p>'
    )


def _picture(content: bytes, text: str, name: str) -> str:
    kinds = [kind for start, kind in _PICTURES.items() if content.startswith(start)]
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        kinds = ["image/webp"]
    if not kinds:
        return ""
    return f'<img src="data:{kinds[0]};base64,{text}" alt="{escape_markup(name)}">'


def _boxes(control: Control, entry: FieldEntry) -> str:
    """The boxes that send null, or leave the column out."""
    boxes = []
    if control.has_null_box:
        boxes.append((control.field(NULL), entry.null, "no value (null)"))
    if control.optional:
        default = shown(control.column.default)
        boxes.append((control.field(LEFT_OUT), entry.omitted, f"leave out: {default} is used"))
    markup = "".join(
        f'<label class="box"><input type="checkbox" name="{name}" value="on"'
        f"{' checked' if checked else ''}> {text}</label>"
        for name, checked, text in boxes
    )
    return f'<div class="boxes">{markup}</div>' if markup else ""


def _common(control: Control, state: InputState) -> str:
    own = control.field()
    described_by = f"{own}-error {own}-hint" if state.error else f"{own}-hint"
    wrong = ' aria-invalid="true"' if state.error else ""
    return f' id="{own}" name="{own}" aria-describedby="{described_by}" autocomplete="off"{wrong}'


def value_of(text: str) -> str:
    """Text for the value of an input, unchanged but for its markup.

    A browser makes a line end of a bare carriage return, and a replacement character of a null.
    """
    return html.escape(text).replace("\r", "&#13;").encode("utf-8", "replace").decode()


def _hint(control: Control) -> str:
    """The permitted values of the column, and its values in training; escaped."""
    column = control.column
    known = len(column.categories or ())
    listed = control.kind in ("choice", "suggestion")
    words = counted(known, "known value") if listed else escape_markup(_kind_words(column))
    bounds = _range(column)
    if bounds:
        words += f"; {bounds} in training"
    if "empty" in column.refuses:
        words += "; never empty"
    if control.extra:
        words += "; only for slices, optional"
    elif not control.takes_null:
        words += "; never null"
    return words


def _kind_words(column: Column) -> str:
    if column.kind in ("array", "list"):
        words = nested_words(column).rstrip(".")
        return words[0].lower() + words[1:]
    if column.kind == "datetime":
        offset = "with an offset, as 2024-01-31T10:00:00Z" if "," in column.dtype else ""
        return f"a date and time {offset}".strip()
    return _WORDS[column.kind]


def _range(column: Column) -> str:
    if column.categories is not None or column.minimum is None or column.maximum is None:
        return ""
    low, high = (format_bound(column, bound) for bound in (column.minimum, column.maximum))
    return f"{shown(low)} to {shown(high)}"


def _bins(bins: Sequence[FeatureBin]) -> str:
    pieces = []
    for one_bin in bins:
        measure = f"{escape_markup(one_bin.measure)} " if one_bin.measure else ""
        pieces.append(
            f'<div class="place">{strip(one_bin.shares, one_bin.index)}<span>{measure}'
            f"<b>{escape_markup(one_bin.name)}</b>: {percent(one_bin.share)} of the training rows"
            "</span></div>"
        )
    return "".join(pieces)
