"""Detect models that expect texts but are called with a frame.

scikit-learn's text vectorizers iterate over their input. A column yields its texts, a frame the
names of its columns: a model fitted on ``features["text"]`` would return one answer per column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from packager.errors import PackageError
from packager.manifest.base import Task
from packager.manifest.manifest import Column


def check_takes_frames(model: Any, columns: Sequence[Column], *, trained: bool) -> None:
    """Raise ``PackageError`` for a model whose first step expects texts, not a frame.

    ``trained``: a recipe trained it, which can be changed; otherwise it was trained elsewhere.
    """
    for step in _first_steps(model):
        if callable(getattr(step, "build_analyzer", None)):
            raise _refusal(type(step).__name__, columns, trained=trained)


def wrap_text_model(
    answers: int, rows: int, columns: Sequence[str], task: Task
) -> PackageError | None:
    """The error for a model that returned one answer per column, not per row; None if it didn't."""
    if answers != len(columns) or answers == rows:
        return None
    wanted = "label" if task == "classification" else "number"
    return PackageError(
        f"predict gave {answers} values for {rows} rows, expected one {wanted} per row: it gave one"
        f" for each column of the frame, {', '.join(map(repr, columns[:5]))}",
        "was it fitted on one column, as in fit(features[NAME], target)? It is called with the"
        " frame of all features: let it select its column, by"
        " sklearn.compose.make_column_transformer((TRANSFORMER, NAME)) as its first step",
    )


def _refusal(step: str, columns: Sequence[Column], *, trained: bool) -> PackageError:
    texts = [column.name for column in columns if column.kind == "string"] or ["text"]
    name = repr(texts[0]).replace("'", '"')
    names = ", ".join(repr(column.name) for column in columns[:5])
    fix = (
        "fit it on the frame: from sklearn.compose import make_column_transformer, let"
        f" make_column_transformer(({step}(), {name})) be the first step of the pipeline in place"
        f" of {step}(), and call fit(features, target)"
        if trained
        else f'serve it by a class of the project, [serve] predictor = "predict:Predictor", whose'
        f" predict(frame) hands frame[{name}] to the model"
    )
    return PackageError(
        f"the model begins with {step}, which takes one column of text, and it is called with a"
        f" frame (columns {names}): {step} would iterate over the column names",
        fix,
    )


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
