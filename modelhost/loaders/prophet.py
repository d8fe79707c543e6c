"""Prophet's JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelhost.loaders.json_content import read_json

LIBRARY = "prophet"


def load(path: Path) -> tuple[Any, Any]:
    """The fitted ``Prophet``; its state is its JSON."""
    from prophet.serialize import model_from_dict

    document = read_json(path)
    return model_from_dict(dict(document)), document
