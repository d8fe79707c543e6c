"""LightGBM's text format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LIBRARY = "lightgbm"


def load(path: Path) -> tuple[Any, Any]:
    """The ``Booster``; its state is its text without thread counts (``modelhost.state``)."""
    import lightgbm

    with path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    return lightgbm.Booster(model_str=text), None
