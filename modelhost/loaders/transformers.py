"""Folders of transformers: classes, numbers, spans and embeddings of texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from modelhost.errors import PackageError
from modelhost.loaders.contents import file_contents
from modelhost.loaders.folder_content import (
    SPANS,
    TASKS,
    architecture_of,
    description,
    task_of_config,
)

LIBRARY = "transformers"


def load(path: Path) -> tuple[Any, Any]:
    """The pipeline, from local files alone, without code in the folder; its state is its files."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    config = description(path / "config.json")
    task = task_of_config(config)
    if task is None:
        raise PackageError(
            f"the transformers folder holds {architecture_of(config)}, expected one of "
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
        **({"aggregation_strategy": "simple"} if task == SPANS else {}),
    )
    return pipeline, file_contents(path)
