"""The text of a class: the key of its probability, and the label of its series."""

from __future__ import annotations

from typing import Any


def class_text(label: Any) -> str:
    """Text as it is; other labels as JSON writes them: ``true``, ``1``, ``0.5``."""
    return str(label).lower() if isinstance(label, bool) else str(label)
