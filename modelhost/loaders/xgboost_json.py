"""XGBoost's JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LIBRARY = "xgboost"


def load(path: Path) -> tuple[Any, Any]:
    """The ``Booster``; its state is its JSON (``modelhost.state``)."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(path.read_bytes()))
    return booster, None
