"""Folders of transformers: classes, numbers, spans and embeddings of texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Mapping

from modelhost.errors import PackageError
from modelhost.loaders.contents import file_contents
from modelhost.loaders.folder_content import description

LIBRARY = "transformers"
SPANS = "ForTokenClassification"
TASKS = {
    "ForSequenceClassification": "text-classification",
    SPANS: "token-classification",
    "Model": "feature-extraction",
}
"""End of an architecture's name → the task of its pipeline."""


def load(path: Path) -> tuple[Any, Any]:
    """The pipeline, from local files alone, without code in the folder; its state is its files."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    config = description(path / "config.json")
    task = task_of_config(config)
    if task is None:
        raise PackageError(
            f"the transformers folder holds {_architecture(config)}, expected one of "
            f"{', '.join(TASKS)}",
            "serve it by a class of the project that gives one answer a row:"
            ' [serve] predictor = "predict:Predictor"',
        )
    import transformers

    pipeline = transformers.pipeline(
        task,
        model=str(path),
        tokenizer=str(path),
        device="cpu",
        trust_remote_code=False,
        **({"aggregation_strategy": "simple"} if task == TASKS[SPANS] else {}),
    )
    return pipeline, file_contents(path)


def task_of_config(config: Mapping[str, Any]) -> str | None:
    """The task of the pipeline, by the first architecture of ``config.json``; None for others."""
    architecture = _architecture(config)
    return next((task for end, task in TASKS.items() if _ends(architecture, end)), None)


def _architecture(config: Mapping[str, Any]) -> str:
    return str((config.get("architectures") or ["no architecture"])[0])


def _ends(architecture: str, ending: str) -> bool:
    """Whether it is the body alone, or has the head of ``ending``."""
    return architecture.endswith(ending) and not architecture.endswith("LMHeadModel")
