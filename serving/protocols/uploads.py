"""``POST /predict`` with files: a form whose parts are columns, or one file as the body.

Answers are those of ``/predict`` with JSON: rows differ only in how they arrive.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from packager.data.rows.request_rows import RowError
from packager.manifest.manifest import Column, Schema
from packager.text import counted
from serving.http.limits import Budget, LimitExceededError, json_values
from serving.http.media_type import media_type
from serving.http.messages import RequestError
from serving.protocols.form_parts import MAX_PARTS, FormPart, read_form, unsupported
from serving.protocols.parsing import quoted
from serving.protocols.predict import PredictProtocol
from serving.protocols.protocol import ScoredRows
from serving.protocols.text_cells import NESTED, cell_of

FORM = "multipart/form-data"
RAW = "application/octet-stream"
IMAGE = "image/"
_BEGINNINGS = (b"multipart/", IMAGE.encode(), RAW.encode())
_ESCAPED = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"))
"""Escapes of browsers in names of parts (HTML, multipart form data)."""

Cells = list[tuple[str, Any]]
"""Columns and values in the order in which they arrived."""


def may_be_upload(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the body of a ``/predict`` request may be something else than JSON."""
    kind = headers.get(b"content-type")
    if kind is None or kind == b"application/json":  # of most requests
        return False
    return kind.lstrip().lower().startswith(_BEGINNINGS)


class Uploads:
    """The uploads that a package takes, and their protocols."""

    def __init__(self, schema: Schema, predict: PredictProtocol, budget: Budget) -> None:
        """``predict``: writes the answers; ``budget``: of the values in a form."""
        self.columns = {column.name: column for column in (*schema.features, *schema.extras)}
        self.predict = predict
        self.budget = budget
        self.takes_forms = takes_forms(schema)
        self.file_column = file_column(schema)

    def protocol(self, headers: Mapping[bytes, bytes], query: bytes) -> UploadProtocol | None:
        """The reader of a body with these headers; None for one that is read as JSON.

        ``query``: of the URL, without its question mark. Raises ``RequestError`` (415) for a media
        type that the package does not take.
        """
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        kind, _ = media_type(content_type)
        if kind == FORM and self.takes_forms:
            return UploadProtocol(self, content_type, None)
        if kind.startswith("multipart/"):
            raise self._refusal(kind)
        if kind == RAW and self.file_column is None:
            return None  # clients that name no better type send JSON with this one
        if kind == RAW or kind.startswith(IMAGE):
            if self.file_column is None:
                raise self._refusal(kind)
            return UploadProtocol(self, content_type, query)
        return None

    def _refusal(self, kind: str) -> RequestError:
        if not self.takes_forms:
            return unsupported(f"the body is {kind}, and no column is bytes", "JSON")
        if kind.startswith(IMAGE):
            message = "the body is one file, and several columns are bytes, or only optional ones"
            return unsupported(message, f"{FORM} with a part for each column, or JSON")
        return unsupported(f"the body is {kind}", f"{FORM} or JSON")


def takes_forms(schema: Schema) -> bool:
    """Whether a package takes forms: if a column is bytes."""
    return any(column.kind == "bytes" for column in (*schema.features, *schema.extras))


def file_column(schema: Schema) -> str | None:
    """The column whose value may be the whole body: the only one of bytes that a row must have."""
    needed = [c.name for c in schema.features if c.kind == "bytes" and c.default is None]
    return needed[0] if len(needed) == 1 else None


class UploadProtocol:
    """Reads one upload; a ``ProtocolAdapter`` of one request."""

    route = "/predict"

    def __init__(self, uploads: Uploads, content_type: str, query: bytes | None) -> None:
        """``query``: the other columns of a file; None for a form."""
        self._uploads = uploads
        self._content_type = content_type
        self._query = query
        self._rows: list[dict[str, Any]] = []

    def rows(
        self, body: bytes, _headers: Mapping[bytes, bytes]
    ) -> tuple[list[dict[str, Any]], None]:
        """The rows of a form or file; raises ``RequestError``."""
        cells = self._form(body) if self._query is None else self._file(body, self._query)
        self._rows = _rows(cells)
        return self._rows, None

    def body(self, context: None, scored: ScoredRows) -> tuple[bytes, Mapping[str, str]]:
        """The answer of ``/predict``."""
        return self._uploads.predict.body(context, scored)

    def as_json(self) -> bytes:
        """The body of ``/predict`` with the rows that were read last."""
        return rows_as_json(self._rows)

    def _form(self, body: bytes) -> Cells:
        columns = self._uploads.columns
        parts = read_form(body, self._content_type, MAX_PARTS + len(columns))
        named = [(_known(part.name, columns), part) for part in parts]
        texts = (p.content for name, p in named if _kind(columns.get(name)) in NESTED)
        self._check_values(len(parts) + sum(map(json_values, texts)))
        cells: Cells = []
        rows: Counter[str] = Counter()
        for name, part in named:
            cells.append((name, _cell(part, name, columns.get(name), rows[name])))
            rows[name] += 1
        return cells

    def _file(self, body: bytes, query: bytes) -> Cells:
        columns, own = self._uploads.columns, self._uploads.file_column
        assert own is not None
        parameters = _query_pairs(query, MAX_PARTS + len(columns))
        for name, times in Counter(name for name, _ in [*parameters, (own, "")]).items():
            if times > 1:
                what = "the body, and in the query, too" if name == own else "in the query twice"
                message = f"column {quoted(name)} is {what}"
                raise RequestError(422, "malformed_request", message, column=name)
        texts = [text.encode() for name, text in parameters if _kind(columns.get(name)) in NESTED]
        self._check_values(len(parameters) + sum(map(json_values, texts)))
        cells: Cells = [(name, _text_cell(text, columns.get(name))) for name, text in parameters]
        return [*cells, (own, body)]

    def _check_values(self, number: int) -> None:
        try:
            self._uploads.budget.check_values(number)
        except LimitExceededError as error:
            raise RequestError.of_bound(error) from error


def rows_as_json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The body of ``/predict`` with ``rows``, whose bytes become base64."""
    return json.dumps({"rows": rows}, default=_base64).encode()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _rows(cells: Cells) -> list[dict[str, Any]]:
    """One row for each value of a column; raises ``RequestError`` if columns have more or fewer."""
    values: dict[str, list[Any]] = {}
    for name, cell in cells:
        values.setdefault(name, []).append(cell)
    longest = max(values, key=lambda name: len(values[name]))
    rows = len(values[longest])
    for name, own in values.items():
        if len(own) != rows:
            raise RequestError(
                422,
                "malformed_request",
                f"column {quoted(name)} has {counted(len(own), 'part')}, and {quoted(longest)} "
                f"has {rows}",
                column=name,
                expected="as many parts of each column: one for each row",
            )
    return [{name: own[row] for name, own in values.items()} for row in range(rows)]


def _known(name: str, columns: Mapping[str, Column]) -> str:
    """The column that the name of a part means."""
    if name in columns or "%" not in name:
        return name
    plain = name
    for escaped, character in _ESCAPED:
        plain = plain.replace(escaped, character)
    return plain if plain in columns else name


def _kind(column: Column | None) -> str | None:
    return None if column is None else column.kind


def _cell(part: FormPart, name: str, column: Column | None, row: int) -> Any:
    if column is not None and column.kind == "bytes":
        return None if part.unchosen else part.content
    try:
        return _text_cell(part.text, column)
    except UnicodeDecodeError as error:
        got = f"{len(part.content)} bytes"
        refused = RowError(row, name, "text in UTF-8", got, "send the text as UTF-8")
        raise RequestError.of_row(refused) from error


def _text_cell(text: str, column: Column | None) -> Any:
    if column is not None and column.kind == "bytes":
        return text.encode()
    return cell_of(text, column)


def _query_pairs(query: bytes, most: int) -> list[tuple[str, str]]:
    """Names and values; raises ``RequestError`` for too many, or what is not UTF-8."""
    try:
        text = query.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=most)
    except UnicodeDecodeError as error:
        raise RequestError(
            400, "unreadable_query", "the query of the URL is not UTF-8", expected="UTF-8"
        ) from error
    except ValueError as error:
        raise RequestError(
            413,
            "too_large",
            "the query of the URL has too many fields",
            expected=f"at most {most} fields",
        ) from error
