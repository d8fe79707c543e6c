"""``POST /invocations``: the formats that MLflow and SageMaker clients send.

JSON with ``dataframe_split``, ``dataframe_records``, ``inputs`` or ``instances``, CSV, or JSON
Lines. Arrays and lists are nested lists, in CSV as JSON; bytes are base64, or ``{"b64": …}`` as in
KServe's V1. ``Accept`` chooses the form of the answer.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from modelhost.text import truncate
from packager.data.rows.csv_cells import parse_cells
from packager.manifest.base import Kind
from packager.manifest.manifest import Column, Manifest
from serving.http.limits import LINE_VALUES, Budget, LimitExceededError
from serving.http.media_type import media_type
from serving.http.messages import RequestError, check_json, read_json
from serving.protocols.answer_form import CSV, JSON, JSON_LINES, accepted_form, written
from serving.protocols.parsing import display, is_nan, json_object, malformed
from serving.protocols.protocol import ScoredRows

Rows = list[dict[str, Any]]
FORMS = ("dataframe_split", "dataframe_records", "inputs", "instances")
PARAMETERS = ("params", "parameters")
"""Keys of arguments beside the rows in MLflow and Vertex AI; models of this project have none."""


class Invocations:
    """Parses rows; answers labels or numbers in the order of rows, ``{"predictions": […]}``."""

    route = "/invocations"

    def __init__(self, manifest: Manifest, budget: Budget = Budget()) -> None:
        self._budget = budget
        schema = manifest.schema_
        features = schema.features
        self._bytes = [column.name for column in features if column.kind == "bytes"]
        self._depth = _depth_alone(features[0]) if len(features) == 1 else None
        self._features = [column.name for column in schema.features]
        self._kinds = {column.name: column.kind for column in (*schema.features, *schema.extras)}
        self._reader = manifest.reader
        outputs = schema.outputs or ()
        self._outputs = [one.name for one in outputs] if len(outputs) > 1 else []
        self._forms: Mapping[str, Callable[[Any], Rows]] = {
            "dataframe_split": _split,
            "dataframe_records": _records,
            "inputs": self._inputs,
            "instances": self._instances,
        }

    def rows(self, body: bytes, headers: Mapping[bytes, bytes]) -> tuple[Rows, str]:
        """The rows of a request, parsed by its content type, and the media type of its answer."""
        content_type = headers.get(b"content-type", b"application/json").decode("latin-1")
        form, parameters = media_type(content_type)
        if form == CSV:
            rows = self._csv(body, parameters.get("header"))
            if not rows:
                raise _no_rows(rows)
        elif form == JSON:
            rows = self.json_rows(body)
        elif form in JSON_LINES:
            rows = self._lines_of_json(body)
        else:
            raise RequestError(
                400,
                "unsupported_media_type",
                "the content type is not supported",
                expected=f"{JSON}, {CSV} or {JSON_LINES[0]}",
                got=form,
            )
        return rows, accepted_form(headers.get(b"accept"))

    def body(self, context: str, scored: ScoredRows) -> tuple[bytes, Mapping[str, str]]:
        """Only labels, as MLflow answers; ``context``: the media type of the answer."""
        content = written(context, scored.labels, self._outputs)
        return content, {} if context == JSON else {"content-type": context}

    def json_rows(
        self, body: bytes, forms: Sequence[str] = FORMS, ignored: Collection[str] = ()
    ) -> Rows:
        """The rows of a JSON body in one of ``forms``, at least one; some keys are ``ignored``."""
        document = json_object(body, self._budget)
        named = [form for form in forms if form in document]
        if len(named) != 1:
            raise malformed("the body must have exactly one form of rows", " | ".join(forms), named)
        for name in PARAMETERS:
            if document.get(name):
                raise malformed(f"this model takes no {name}", "none", document[name])
        unknown = sorted(set(document) - {named[0], *PARAMETERS, *ignored})
        if unknown:
            first = truncate(unknown[0])
            raise malformed(f"{first!r} is not allowed with {named[0]!r}", "", unknown)
        return self._cleaned(self._forms[named[0]](document[named[0]]))

    def _cleaned(self, rows: Rows) -> Rows:
        """Rows of JSON with nulls in place of NaN, and the text of bytes; at least one."""
        rows = [{name: None if is_nan(cell) else cell for name, cell in r.items()} for r in rows]
        for name in self._bytes:
            for row in rows:
                if _is_base64(row.get(name)):
                    row[name] = row[name]["b64"]
        if not rows:
            raise _no_rows(rows)
        return rows

    def _lines_of_json(self, body: bytes) -> Rows:
        """Rows from lines that are each an object, a list, or ``{"features": list}``."""
        check_json(body, self._budget)
        lines = [line for line in body.removeprefix(codecs.BOM_UTF8).split(b"\n") if line.strip()]
        try:  # before a number of a single digit in each line becomes an object
            self._budget.check_values(LINE_VALUES * len(lines))
        except LimitExceededError as error:
            raise RequestError.of_bound(error) from error
        return self._cleaned(self._instances([self._line(n, line) for n, line in enumerate(lines)]))

    def _line(self, index: int, line: bytes) -> Any:
        try:
            parsed = read_json(line, self._budget)
        except RequestError as error:
            raise RequestError(error.status, error.code, f"row {index}: {error.message}") from error
        wrapped = isinstance(parsed, dict) and parsed.keys() == {"features"}
        return parsed["features"] if wrapped and "features" not in self._kinds else parsed

    def _inputs(self, value: Any) -> Rows:
        """Rows from columns by name, or from a value that ``instances`` accepts."""
        if not isinstance(value, dict):
            return self._instances(value)
        columns = list(value.values())
        if not all(isinstance(column, list) for column in columns):
            raise malformed("'inputs': a column is not a list", "lists of values", value)
        if len({len(column) for column in columns}) > 1:
            sizes = {name: len(column) for name, column in value.items()}
            raise malformed("'inputs': columns differ in length", "equally many values", sizes)
        return [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)]

    def _instances(self, value: Any) -> Rows:
        """Rows from objects, or from lists of values in the order of the features.

        If the only feature is an array, a list or bytes, an instance may be its value itself.
        """
        if not isinstance(value, list):
            raise malformed("the instances are not a list", "a list of rows", value)
        if self._depth is not None and all(self._is_alone(one) for one in value):
            return [{self._features[0]: one} for one in value]
        if any(isinstance(row, list) for row in value):
            return _table(self._features, value)
        return _records(value)

    def _is_alone(self, instance: Any) -> bool:
        """Whether an instance is the value of the only feature: by how deep its lists are."""
        if self._depth == 0:
            return isinstance(instance, str) or _is_base64(instance)
        for _ in range(self._depth or 0):
            if not isinstance(instance, list):
                return False
            if not instance:
                return True
            instance = instance[0]
        return not isinstance(instance, list | dict)

    def _csv(self, body: bytes, header: str | None) -> Rows:
        try:
            self._budget.check_csv(body)
            lines = [line for line in csv.reader(_lines(body)) if line]
        except LimitExceededError as error:
            raise RequestError.of_bound(error) from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise RequestError(400, "unreadable_csv", f"the body is not CSV: {error}") from error
        named = header == "present" or (
            header != "absent" and bool(lines) and self._is_header(lines[0])
        )
        names = _names(lines[0]) if named and lines else self._features
        rows = _table(names, lines[1:] if named else lines)
        if not rows:
            return []
        columns = {name: self._cells(name, [row[name] for row in rows]) for name in names}
        return [
            dict(zip(names, cells, strict=True)) for cells in zip(*columns.values(), strict=True)
        ]

    def _is_header(self, line: Sequence[str]) -> bool:
        """Whether a first line names columns.

        One name among as many cells as there are features may be a value of a text column.
        """
        known = sum(cell in self._kinds for cell in line)
        return known > 0 and (len(line) != len(self._features) or 2 * known > len(line))

    def _cells(self, name: str, texts: Sequence[str]) -> list[Any]:
        nulls = frozenset(self._reader.null_words(name))
        cells = [None if text in nulls else text for text in texts]
        kind: Kind = self._kinds.get(name, "string")
        return parse_cells(cells, "integer" if kind == "any" else kind)


def _no_rows(rows: Rows) -> RequestError:
    return malformed("there are no rows", "at least one row", rows)


def _depth_alone(column: Column) -> int | None:
    """Depth of the lists of a value; None for plain columns, whose values are in lists."""
    if column.kind == "array":
        return len(column.shape or ())
    return {"list": 1, "bytes": 0}.get(column.kind)


def _is_base64(cell: Any) -> bool:
    """Whether a cell is bytes as TensorFlow Serving and KServe V1 write them."""
    return isinstance(cell, dict) and cell.keys() == {"b64"}


def _lines(body: bytes) -> Iterator[str]:
    """The lines of UTF-8 text with their line ends, each decoded separately."""
    text = body.removeprefix(codecs.BOM_UTF8)
    for line in io.BytesIO(text):
        # A single carriage return ends a line too.
        yield from (
            io.StringIO(line.decode("utf-8"), newline="")
            if b"\r" in line
            else (line.decode("utf-8"),)
        )


def _split(value: Any) -> Rows:
    """Rows from the output of ``DataFrame.to_dict(orient="split")``; the index is ignored."""
    columns = value.get("columns") if isinstance(value, dict) else None
    data = value.get("data") if isinstance(value, dict) else None
    if not isinstance(columns, list) or not isinstance(data, list):
        raise malformed("'dataframe_split'", '{"columns": […], "data": [[…], …]}', value)
    if not all(isinstance(name, str) for name in columns):
        raise malformed("'dataframe_split': columns", "names as text", columns)
    return _table(_names(columns), data)


def _records(value: Any) -> Rows:
    if not isinstance(value, list):
        raise malformed("the rows are not a list of objects", "[{…}, …]", value)
    for index, row in enumerate(value):
        if not isinstance(row, dict):
            raise malformed(f"row {index} is not an object", "an object", row)
    return value


def _table(names: Sequence[str], lines: Sequence[Any]) -> Rows:
    for index, line in enumerate(lines):
        if not isinstance(line, list) or len(line) != len(names):
            raise RequestError(
                422,
                "malformed_request",
                f"row {index} is not a list of {len(names)} values",
                row=index,
                expected=f"a list of {len(names)} values",
                got=display(line),
            )
    return [dict(zip(names, line, strict=True)) for line in lines]


def _names(names: list[str]) -> list[str]:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise malformed("duplicate column", "every name once", twice[:3])
    return names
