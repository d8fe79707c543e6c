"""The forms in which ``/invocations`` answers: JSON, CSV or JSON Lines, as ``Accept`` asks."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from serving.http.media_type import MAX_LENGTH, media_type
from serving.http.messages import encode, encode_in_parts

JSON, CSV = "application/json", "text/csv"
JSON_LINES = (
    "application/jsonlines",
    "application/x-ndjson",
    "application/x-jsonlines",
    "application/jsonl",
)
"""The names of JSON Lines: SageMaker's, and those that other clients use."""
_WILD = {"*/*": JSON, "application/*": JSON, "text/*": CSV}


def accepted_form(accept: bytes | None) -> str:
    """The media type to answer with, by the q-values of ``Accept`` (RFC 9110, 12.5.1).

    Of equally welcome ones the first in the header is used. JSON without a header, and where none
    of the forms is welcome: a server may disregard the header, and a client that names a form of
    errors only still gets its answer.
    """
    if not accept or len(accept) > MAX_LENGTH:
        return JSON
    weights: dict[str, float] = {}
    for part in accept.decode("latin-1").split(","):
        kind, parameters = media_type(part)
        weights.setdefault(kind, _weight(parameters.get("q", "1")))
    best, most = JSON, 0.0
    for kind, weight in weights.items():
        form = _WILD.get(kind, kind)
        if weight > most and form in (JSON, CSV, *JSON_LINES) and weights.get(form) != 0.0:
            best, most = form, weight
    return best


def _weight(text: str) -> float:
    """A q-value; 0 for one that is malformed."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def written(form: str, labels: Sequence[Any], names: Sequence[str]) -> bytes:
    """The answer for n rows: ``labels``, as in ``ScoredRows``.

    ``names``: of the outputs, if the answer of a row is an object of several; CSV has a cell for
    each, without a header. JSON Lines has an object ``{"prediction": …}`` a row.
    """
    if form == CSV:
        return _csv(labels, names)
    if form in JSON_LINES:
        return b"".join(encode({"prediction": label}) + b"\n" for label in labels)
    return encode_in_parts({"predictions": list(labels)})


def _csv(labels: Sequence[Any], names: Sequence[str]) -> bytes:
    lines = _Lines()
    writer = csv.writer(lines)
    for label in labels:
        cells = [label.get(name) for name in names] if _is_object(label, names) else [label]
        writer.writerow([_cell(cell) for cell in cells])
    return b"".join(lines.written)


class _Lines:
    """Takes lines of CSV, and ends them with a line feed.

    The writer quotes only the characters of its own line ends, so it has to have both.
    """

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, line: str) -> None:
        """Keep one line."""
        content = line.removesuffix("\r\n") + "\n"
        self.written.append(content.encode("utf-8", "backslashreplace"))


def _is_object(label: Any, names: Sequence[str]) -> bool:
    return bool(names) and isinstance(label, Mapping)


def _cell(value: Any) -> str:
    """Text as it is, an empty cell for null, else JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else encode(value).decode("ascii")
