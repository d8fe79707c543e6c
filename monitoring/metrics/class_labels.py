"""The text of a class: its key in probabilities, and its label in metrics."""

from __future__ import annotations

from typing import Any


def class_text(label: Any) -> str:
    """Text unchanged; other labels as in JSON: ``true``, ``1``, ``0.5``."""
    return str(label).lower() if isinstance(label, bool) else str(label)
