"""Whether the compiled form and the model give the same answer to a row."""

from __future__ import annotations

from itertools import repeat
from typing import Any

from packager.manifest.base import Scalar
from packager.manifest.manifest import Manifest
from packager.model.compiled.output_difference import compiled_difference

RowAnswer = tuple[Any, list[float] | None]
"""The label or value of a row, and its probabilities if there are any."""


def answers_agree(manifest: Manifest, native: RowAnswer, compiled: RowAnswer) -> bool:
    """Whether both answers are within the form's tolerance; labels are equal."""
    if manifest.task == "outputs":
        both = [[one for one in answer if one is not None] for answer in (native, compiled)]
        return compiled_difference(*both) <= manifest.compiled.tolerance
    if (native[1] is None) != (compiled[1] is None):
        return False
    expected, got = native[1] or [], compiled[1] or []
    near = len(expected) == len(got) and all(map(_near, repeat(manifest), expected, got))
    return near and _same(manifest, native[0], compiled[0])


def _same(manifest: Manifest, native: Scalar | None, other: Scalar | None) -> bool:
    if manifest.task == "regression" and native is not None and other is not None:
        return _near(manifest, float(native), float(other))
    return type(native) is type(other) and native == other


def _near(manifest: Manifest, native: float, other: float) -> bool:
    """Within the tolerance, relative beyond 1 for a regression; False for NaN."""
    size = max(1.0, abs(native)) if manifest.task == "regression" else 1.0
    return abs(native - other) <= manifest.compiled.tolerance * size
