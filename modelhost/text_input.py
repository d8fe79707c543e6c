"""Models that take texts: which column they are given in place of the frame.

scikit-learn's text vectorizers iterate over their input. A column yields its texts, a frame the
names of its columns: a model fitted on ``features["text"]``, or on a list of its values, is called
with the only column of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modelhost.errors import PackageError


def text_step(model: Any) -> str | None:
    """The class of the model's first step if that expects texts, not a frame; else None."""
    for step in _first_steps(model):
        if callable(getattr(step, "build_analyzer", None)):
            return type(step).__name__
    return None


def text_column(specs: Sequence[Any]) -> str | None:
    """The only column of text among columns with ``name``, ``kind`` and ``dtype``; else None.

    Categories don't count as text.
    """
    texts = [spec for spec in specs if spec.kind == "string" and not _is_category(spec)]
    if len(texts) > 1:  # objects that are all null, as booleans may be, have the kind of text
        texts = [spec for spec in texts if spec.dtype != "object"]
    return texts[0].name if len(texts) == 1 else None


def wrap_text_model(
    answers: int, rows: int, columns: Sequence[str], task: str
) -> PackageError | None:
    """The error for a model that returned one answer per column, not per row; None if it didn't."""
    if answers != len(columns) or answers == rows:
        return None
    kind = "label" if task == "classification" else "number"
    return PackageError(
        f"predict gave {answers} values for {rows} rows, expected one {kind} per row: it gave one"
        f" for each column of the frame, {', '.join(map(repr, columns[:5]))}",
        "was it fitted on one column, as in fit(features[NAME], target)? It is called with the"
        " frame of all features: let it select its column, by"
        " sklearn.compose.make_column_transformer((TRANSFORMER, NAME)) as its first step",
    )


def _is_category(spec: Any) -> bool:
    return bool(spec.dtype.endswith("category"))


def _first_steps(model: Any) -> Iterator[Any]:
    """Estimators that get the frame itself, within searches, pipelines and transformer unions."""
    if hasattr(model, "best_estimator_"):
        yield from _first_steps(model.best_estimator_)
    elif isinstance(steps := getattr(model, "steps", None), list):
        own = (step for _, step in steps if step not in (None, "passthrough"))
        yield from _first_steps(next(own, None))
    elif isinstance(parts := getattr(model, "transformer_list", None), list):
        for _, part in parts:
            yield from _first_steps(part)
    else:
        yield model
