"""Folders of transformers: classes, numbers, spans and embeddings of texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

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
    named = description(path / "config.json").get("architectures") or ["no architecture"]
    ending = next((one for one in TASKS if _ends(str(named[0]), one)), None)
    if ending is None:
        raise PackageError(
            f"the transformers folder holds {named[0]}, expected one of {', '.join(TASKS)}",
            "serve it by a class of the project that gives one answer a row:"
            ' [serve] predictor = "predict:Predictor"',
        )
    import transformers

    pipeline = transformers.pipeline(
        TASKS[ending],
        model=str(path),
        tokenizer=str(path),
        device="cpu",
        trust_remote_code=False,
        **({"aggregation_strategy": "simple"} if ending == SPANS else {}),
    )
    return pipeline, file_contents(path)


def _ends(architecture: str, ending: str) -> bool:
    """Whether it is the body alone, or has the head of ``ending``."""
    return architecture.endswith(ending) and not architecture.endswith("LMHeadModel")
