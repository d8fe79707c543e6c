"""Folders of spaCy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelhost.loaders.contents import file_contents

LIBRARY = "spacy"


def load(path: Path) -> tuple[Any, Any]:
    """The pipeline; its state is the contents of its files."""
    import spacy

    return spacy.load(path), file_contents(path)
