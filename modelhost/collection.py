"""Fewer garbage collections while modules are imported and a model is loaded.

Imports make some hundred thousand objects that stay, and hardly any garbage. A collection after
every 700 of them takes an eighth of the time of importing pandas and scikit-learn.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import Iterator

OBJECTS = 100_000
"""Made beyond those freed, until the next collection: code that makes garbage stays bounded."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Within the block, collect after ``OBJECTS`` objects."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS, *before[1:])
    try:
        yield
    finally:
        if gc.get_threshold()[0] == OBJECTS:  # else the project has set its own
            gc.set_threshold(*before)
