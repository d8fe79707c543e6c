"""CatBoost's own format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LIBRARY = "catboost"


def load(path: Path) -> tuple[Any, Any]:
    """A ``CatBoost`` model; its state is its file without identifier and times."""
    import catboost

    model = catboost.CatBoost()
    model.load_model(str(path), format="cbm")
    return model, None
