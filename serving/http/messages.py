"""Parses rows and encodes answers: the documented JSON, independent of the HTTP transport.

Every error has one form, ``{"error": {"code", "message", "row", "column", "expected", "got"}}``,
with absent fields left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from modelhost.text import truncate
from packager.data.rows.coerce import format_bound
from packager.data.rows.request_rows import RowError
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Manifest
from packager.text import beginning
from serving.http.json_bodies import is_heavy, load_json
from serving.http.limits import Budget, LimitExceededError
from serving.prediction.errors import RowRefusedError

MODEL_REFUSED_ROW = "model_refused_row"
"""The error code for a row that the model rejects although it answers others."""
LOGGED_DETAILS = ("row", "column", "output", "expected")
"""Details of an error that hold no value of a request."""
PART_ELEMENTS = 2_000
"""Elements of a list that are encoded in one call."""
MAX_MESSAGE = 1_000
"""Characters of an error's message, and of each of its details; longer text is cut."""


@dataclass(slots=True)
class Response:
    """A status and a body, JSON unless ``content_type`` says otherwise."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class RequestError(Exception):
    """An error that becomes the answer to a request; the status codes are documented."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        **details: str | int | None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = truncate(message, MAX_MESSAGE)
        self.headers = headers or {}
        self.details: dict[str, str | int | None] = {
            name: truncate(detail, MAX_MESSAGE) if isinstance(detail, str) else detail
            for name, detail in details.items()
        }

    @classmethod
    def of_row(cls, error: RowError) -> RequestError:
        """422, naming the row and column of the invalid value."""
        message = f"{error.message}; {error.hint}" if error.hint else error.message
        return cls(
            422,
            "invalid_row",
            message,
            row=error.row,
            column=error.column,
            expected=error.expected,
            got=error.got,
        )

    @classmethod
    def of_bound(cls, error: LimitExceededError) -> RequestError:
        """413, naming the exceeded bound."""
        return cls(413, "too_large", error.message, expected=error.expected)

    @classmethod
    def of_refusal(cls, error: RowRefusedError) -> RequestError:
        """422, naming the row that the model rejects, and the column or the output if known."""
        if error.rows == 1:
            location = f"row {error.row}"
        else:
            location = f"rows {error.row} to {error.row + error.rows - 1} together"
        if error.column is not None:
            location += f", column {json.dumps(error.column)}"
        message = f"{location}: the model raises an error for this, but not for other rows"
        if error.output is not None:
            message = (
                f"{location}: the model's answer to output {json.dumps(error.output)} has another "
                "form than the package declares, unlike its answers to other rows"
            )
        return cls(
            422,
            MODEL_REFUSED_ROW,
            message,
            row=error.row,
            column=error.column,
            expected=error.expected,
            got=error.got,
            output=error.output,
        )

    def terse(self, request_id: str) -> RequestError:
        """The error for outsiders: code, status and the request's id, by which the log has it."""
        message = f"{self.code} ({self.status}), request {request_id}"
        error = RequestError(self.status, self.code, message, headers=self.headers)
        error.details = {"status": self.status, "request_id": request_id}
        return error

    @property
    def logged(self) -> dict[str, str | int]:
        """The error's text for the log: no value that a request had."""
        details = {name: self.details.get(name) for name in LOGGED_DETAILS}
        return {"code": self.code} | {k: v for k, v in details.items() if v is not None}

    def response(self) -> Response:
        """The error as the client sees it."""
        details = {key: value for key, value in self.details.items() if value is not None}
        body = {"error": {"code": self.code, "message": self.message, **details}}
        return Response(self.status, encode(body), headers=self.headers)


def read_json(body: bytes, budget: Budget) -> Any:
    """The document in ``body``; NaN and Infinity are accepted, as pandas clients send them.

    Raises ``RequestError``: 400 if it isn't JSON in UTF-8, 413 if it exceeds the budget.
    """
    check_json(body, budget)
    return _document(body, heavy=is_heavy(body))


def check_json(body: bytes, budget: Budget) -> None:
    """Raise ``RequestError`` (413) for JSON that exceeds the budget, before it is parsed."""
    try:
        budget.check_json(body)
    except LimitExceededError as error:
        raise RequestError.of_bound(error) from error


def parse_rows(body: bytes, budget: Budget = Budget()) -> list[dict[str, Any]]:
    """The rows of a ``/predict`` request: at least one, each an object.

    NaN and Infinity, which are not JSON, are accepted here: the checker names their row and column.
    Raises ``RequestError``: 400 if ``body`` isn't JSON in UTF-8, 413 if it exceeds the budget, 422
    if it has another form.
    """
    check_json(body, budget)
    return parse_checked_rows(body, heavy=is_heavy(body))


def parse_checked_rows(body: bytes, *, heavy: bool) -> list[dict[str, Any]]:
    """``parse_rows`` of a body that ``check_json`` has accepted, without counting values again."""
    document = _document(body, heavy=heavy)
    expected = '{"rows": [{…}, …]}'
    if not isinstance(document, dict):
        raise _malformed("the body is not an object", expected, document)
    if "rows" not in document:
        raise _malformed("'rows' is missing", expected, sorted(document))
    unknown = sorted(set(document) - {"rows"})
    if unknown:
        first = truncate(unknown[0])
        raise _malformed(f"{first!r} is not allowed with 'rows'", expected, unknown)
    rows = document["rows"]
    if not isinstance(rows, list):
        raise _malformed("'rows' is not a list", "a list of objects", rows)
    if not rows:
        raise _malformed("'rows' is empty", "at least one row", rows)
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            raise _malformed(f"row {index} is not an object", "an object", row, row=index)
    return rows


def _document(body: bytes, *, heavy: bool) -> Any:
    try:
        return load_json(body, heavy=heavy)
    except ValueError as error:
        raise unreadable(str(error)) from error
    except RecursionError as error:
        raise unreadable("too deeply nested") from error


def unreadable(reason: str) -> RequestError:
    """400; ``reason`` says why the body can't be parsed."""
    return RequestError(400, "unreadable_json", f"the body is not JSON: {reason}")


def schema_document(manifest: Manifest, golden: Golden | None) -> dict[str, Any]:
    """The document of ``GET /schema``: inputs, outputs, and an example row."""
    schema = manifest.schema_
    document: dict[str, Any] = {
        "name": manifest.name,
        "version": manifest.tag,
        "task": manifest.task,
        "strict": manifest.serve.strict,
        "features": [_column(column) for column in schema.features],
        "extras": [_column(column) for column in schema.extras],
        "target": schema.target.name if schema.target else None,
        "classes": list(schema.classes) if schema.classes is not None else None,
    }
    if schema.outputs:
        outputs = [output.model_dump(mode="json", exclude_none=True) for output in schema.outputs]
        document["outputs"] = outputs
    if golden is not None and golden.rows:
        document["example"] = {"rows": [golden.rows[0]]}
    return document


def encode(document: Any) -> bytes:
    """Compact JSON in ASCII, so that a lone surrogate in a string can be encoded."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")


def encode_small(document: Any) -> bytes:
    """JSON in UTF-8, for documents of few values; floats as the shortest text that parses to them.

    A float that isn't finite is null.
    """
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:  # a lone surrogate, or an integer beyond 64 bits
        return encode(_finite(document))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def encode_in_parts(document: Any) -> bytes:
    """The bytes of ``encode``, produced in parts so that other threads can run between them."""
    if isinstance(document, Mapping):
        members = (encode(name) + b":" + encode_in_parts(v) for name, v in document.items())
        return b"{" + b",".join(members) + b"}"
    if not isinstance(document, list):
        return encode(document)
    if len(document) > PART_ELEMENTS:
        starts = range(0, len(document), PART_ELEMENTS)
        parts = (encode(document[start : start + PART_ELEMENTS])[1:-1] for start in starts)
        return b"[" + b",".join(parts) + b"]"
    if document and isinstance(document[0], Mapping):
        return b"[" + b",".join(map(encode_in_parts, document)) + b"]"
    return encode(document)


def _column(column: Column) -> dict[str, Any]:
    described = column.model_dump(mode="json", exclude={"dtype", "fatal"})
    described["nullable"] = column.nullable and "null" not in column.refuses
    described["refuses"] = list(column.refuses) or None
    for name in ("minimum", "maximum"):
        if described[name] is not None:
            described[name] = format_bound(column, described[name])
    return {key: value for key, value in described.items() if value is not None}


def _malformed(message: str, expected: str, got: object, *, row: int | None = None) -> RequestError:
    shown = json.dumps(beginning(got))
    shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
    return RequestError(422, "malformed_request", message, row=row, expected=expected, got=shown)
