"""Request parsing shared by the adapters of other protocols."""

from __future__ import annotations

import json
from typing import Any

from modelhost.text import truncate
from packager.text import beginning
from serving.http.limits import Budget
from serving.http.messages import RequestError, read_json

_SHORT = 80


def json_object(body: bytes, budget: Budget) -> dict[str, Any]:
    """The JSON object in ``body``; NaN and Infinity are accepted, as pandas clients send them.

    Raises ``RequestError``: 400 if it isn't JSON in UTF-8, 413 if it exceeds the budget, 422 if it
    isn't an object.
    """
    document = read_json(body, budget)
    if not isinstance(document, dict):
        raise malformed("the body is not an object", "an object", document)
    return document


def malformed(message: str, expected: str, got: object) -> RequestError:
    """422: JSON of another form than ``expected``."""
    return RequestError(422, "malformed_request", message, expected=expected, got=display(got))


def display(value: object) -> str:
    """``value`` as ASCII JSON of at most 80 characters."""
    text = json.dumps(beginning(value))
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 3]}..."


def quoted(name: str) -> str:
    """A name from a request for a message: quoted, and cut to 80 characters."""
    return repr(truncate(name))


def is_nan(value: object) -> bool:
    """Whether ``value`` is the float NaN."""
    return isinstance(value, float) and value != value
