"""Folders of transformers that classify texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from modelhost.errors import PackageError
from modelhost.loaders.contents import file_contents
from modelhost.loaders.folder_content import description

LIBRARY = "transformers"


def load(path: Path) -> tuple[Any, Any]:
    """The pipeline, from local files alone, without code in the folder; its state is its files."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    named = description(path / "config.json").get("architectures") or ["no architecture"]
    if not str(named[0]).endswith("ForSequenceClassification"):
        raise PackageError(
            f"the transformers folder holds {named[0]}, expected one for sequence classification,"
            " which gives one label a text",
            "serve it by a class of the project that gives one answer a row:"
            ' [serve] predictor = "predict:Predictor"',
        )
    import transformers

    made = transformers.pipeline(
        "text-classification",
        model=str(path),
        tokenizer=str(path),
        device="cpu",
        trust_remote_code=False,
    )
    return made, file_contents(path)
