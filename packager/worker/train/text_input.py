"""The error for a model that expects texts but is called with a frame."""

from __future__ import annotations

from collections.abc import Sequence

from packager.errors import PackageError
from packager.manifest.manifest import Column


def check_takes_frames(step: str | None, columns: Sequence[Column], *, trained: bool) -> None:
    """Raise ``PackageError`` if ``step``, the model's first one, expects texts (else it is None).

    ``trained``: a recipe trained it, which can be changed; otherwise it was trained elsewhere.
    """
    if step is not None:
        raise _refusal(step, columns, trained=trained)


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
