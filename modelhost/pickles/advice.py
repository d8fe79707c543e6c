"""Advice on saving a model without what the audit refuses, where that is known."""

from __future__ import annotations

import re
from typing import Sequence

GENERAL = "get it again from a source that you trust"
FUNCTION = (
    "write a function of its own in a module of the project in its place, and save the model again"
)
ADVICE = (
    (
        re.compile(r"joblib\.(memory|_store_backends)\."),
        "save it without the cache of its pipeline, which is for training alone: call "
        "set_params(memory=None) of the pipeline, then dump the model again",
    ),
    (
        re.compile(r"torch\.ScriptObject$"),
        "save it by torch.jit.save(torch.jit.script(model), …): a quantised module and its state "
        "hold objects of compiled code",
    ),
    (re.compile(r"operator\.(methodcaller|attrgetter)$"), FUNCTION),
    (re.compile(r"(pandas|numpy|scipy|polars)\..*\.[A-Z]\w*\.[a-z]\w*$"), FUNCTION),
)
"""Pattern of a global → what to do."""


PERSISTENT_ID = "asks the program that reads it for an object (a persistent id)"
RESAVED = (
    "if torch.save wrote it before PyTorch 1.6, or with _use_new_zipfile_serialization=False, load "
    "it where you trust it and save it again by torch.save"
)


def advice(names: Sequence[str], told: Sequence[str] = ()) -> str:
    """The hint for a file that is refused for these globals; ``told``: the fault."""
    if PERSISTENT_ID in told:
        return f"{GENERAL}; {RESAVED}"
    for pattern, what in ADVICE:
        if names and all(pattern.match(name) for name in names):
            return what
    return GENERAL
