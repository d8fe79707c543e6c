"""Cells and labels in messages: never longer than a line."""

from __future__ import annotations

from typing import Any

import numpy as np

MAX_SHOWN = 80
"""Characters of a value that a message shows."""


def shortened(text: str, most: int = MAX_SHOWN) -> str:
    """``text``, cut to ``most`` characters with an ellipsis at the end where it is longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def shown_value(value: Any) -> str:
    """A value as code has it, on one line and cut to 80 characters."""
    if isinstance(value, np.generic):
        value = value.item()
    return repr(shortened(value)) if isinstance(value, str) else shortened(repr(value))
