"""Formats that are JSON: told apart by their keys, because many libraries write ``.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MAX_PARSED = 64 << 20
"""Bytes; of a larger file only the first and the last bytes are looked at."""
AMBIGUOUS = (
    "JSON without the keys of XGBoost (learner) or Prophet (__prophet_version):"
    ' save it by its own method, such as Booster.save_model("model.json")'
)


def json_content(path: Path) -> str:
    """The format of a JSON file; raises ``ValueError`` for JSON of no known model."""
    size = path.stat().st_size
    if size > MAX_PARSED:
        with path.open("rb") as file:
            head = file.read(4096)
            file.seek(size - 64)
            tail = file.read().rstrip()
        if b'"learner"' in head and tail.endswith(b"}"):
            return "xgboost_json"
        raise ValueError(AMBIGUOUS)
    document = read_json(path)
    keys = document.keys() if isinstance(document, dict) else ()
    if "learner" in keys:
        return "xgboost_json"
    if "__prophet_version" in keys:
        return "prophet"
    if "tree_info" in keys:
        raise ValueError(
            "LightGBM's dump, which LightGBM can't load:"
            ' save the model by Booster.save_model("model.txt")'
        )
    if "oblivious_trees" in keys or "features_info" in keys:
        raise ValueError('a CatBoost model in JSON: save it by save_model("model.cbm")')
    raise ValueError(AMBIGUOUS)


def read_json(path: Path) -> Any:
    """The value in a file, also if it is JSON within a JSON string, as of ``json.dump(text)``."""
    try:
        document = json.loads(path.read_bytes())
        return json.loads(document) if isinstance(document, str) else document
    except (ValueError, RecursionError) as error:
        raise ValueError("JSON that is cut off or not valid: save the model again") from error
