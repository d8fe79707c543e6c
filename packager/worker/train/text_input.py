"""The error for a model that expects texts but is called with a frame."""

from __future__ import annotations

from collections.abc import Sequence

from modelhost.text_input import text_column
from packager.errors import PackageError
from packager.manifest.manifest import Column


def check_takes_frames(step: str | None, columns: Sequence[Column], *, trained: bool) -> None:
    """Raise ``PackageError`` if ``step``, the model's first one, can't be given a column of text.

    ``step`` is None if the model takes frames. ``trained``: a recipe trained it, which can be
    changed; otherwise it was trained elsewhere.
    """
    if step is not None and text_column(columns) is None:
        raise _refusal(step, columns, trained=trained)


def _refusal(step: str, columns: Sequence[Column], *, trained: bool) -> PackageError:
    text_columns = [column.name for column in columns if column.kind == "string"]
    texts = text_columns or ["text"]
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
        f"the model begins with {step}, which takes one column of text: expected exactly one among"
        f" the features, got {_listed(text_columns)} (features {names})",
        fix,
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(map(repr, names)) if names else "none"
