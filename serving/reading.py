"""What the adapters to other protocols share in reading a request."""

from __future__ import annotations

import json
from typing import Any

from serving.schema import RequestError, unreadable

_SHORT = 80


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``; NaN and Infinity, which pandas and NumPy clients send, pass.

    Raises ``RequestError``: 400 if it isn't JSON in UTF-8, 422 if it isn't an object.
    """
    try:
        document = json.loads(body.decode("utf-8"))
    except ValueError as error:
        raise unreadable(str(error)) from error
    except RecursionError as error:
        raise unreadable("too deeply nested") from error
    if not isinstance(document, dict):
        raise malformed("the body is not an object", "an object", document)
    return document


def malformed(message: str, expected: str, got: object) -> RequestError:
    """422: JSON of another form than ``expected``."""
    return RequestError(422, "malformed_request", message, expected=expected, got=shown(got))


def shown(value: object) -> str:
    """``value`` as ASCII JSON of at most 80 characters."""
    text = json.dumps(value)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 3]}..."


def is_nan(value: object) -> bool:
    """Whether ``value`` is the float that stands for nothing."""
    return isinstance(value, float) and value != value
