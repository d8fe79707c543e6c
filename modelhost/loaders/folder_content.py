"""Formats of folders: which files tell them apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping

MAX_DESCRIPTION = 16 << 20
"""Bytes of ``meta.json`` or ``config.json``, which is read whole."""
SPANS = "token-classification"
TASKS = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": SPANS,
    "Model": "feature-extraction",
}
"""End of the name of an architecture of transformers → the task of its pipeline."""


def folder_content(path: Path) -> str | None:
    """The format of a folder; None for one of the project's own.

    Raises ``ValueError`` for a folder of a format without a loader.
    """
    names = {one.name for one in path.iterdir()}
    if "MLmodel" in names:
        raise ValueError("a folder of MLflow: package init --from-mlflow reads it")
    if "saved_model.pb" in names:
        raise ValueError('a SavedModel of TensorFlow: save it by model.save("model.keras")')
    if "meta.json" in names and {"lang", "pipeline"} <= description(path / "meta.json").keys():
        return "spacy"
    if "config.json" in names:
        document = description(path / "config.json")
        if "model_type" in document or "architectures" in document:
            return "transformers"
    if len([name for name in names if name.endswith(".onnx")]) == 1:
        return "onnx"
    return None


def description(path: Path) -> dict[str, Any]:
    """The object in a small JSON file; raises ``ValueError`` for anything else."""
    if path.stat().st_size > MAX_DESCRIPTION:
        raise ValueError(f"a folder whose {path.name} is larger than {MAX_DESCRIPTION:,} bytes")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"a folder whose {path.name} is not valid JSON") from error
    if not isinstance(document, dict):
        raise ValueError(f"a folder whose {path.name} holds no object")
    return document


def task_of_config(config: Mapping[str, Any]) -> str | None:
    """The task of a pipeline of transformers, by its ``config.json``; None for others."""
    architecture = architecture_of(config)
    if architecture.endswith("LMHeadModel"):
        return None
    return next((task for end, task in TASKS.items() if architecture.endswith(end)), None)


def architecture_of(config: Mapping[str, Any]) -> str:
    """The first architecture that ``config.json`` names."""
    return str((config.get("architectures") or ["no architecture"])[0])
