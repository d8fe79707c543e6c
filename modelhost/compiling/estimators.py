"""Candidate heads of an estimator, the fastest first; they are tried until one is equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from modelhost.compiling.components import UnfoldedMatrix
from modelhost.compiling.linear import LinearParts, linear_parts
from modelhost.compiling.provenance import (
    CannotCompileError,
    LookupFeature,
    MatrixBlock,
    ScalarOp,
    TextFeature,
    after,
    describe,
    from_sklearn,
    library_of,
)
from modelhost.compiling.sklearn_trees import BINNED_ENSEMBLES
from modelhost.compiling.texts import DocumentStage
from modelhost.compiling.trees import Head, has_trees, trees_of
from modelhost.compiling.walk import Path, PipelineWalk, check_encoded
from modelhost.objects.adapter import Adapter

TOLERANCE = 1e-9
MAX_WEIGHTS = 16_000_000
"""Of a linear model on text: 128 MB of the image."""


def heads(estimator: Any, path: Path, task: str) -> Iterator[Head]:
    """The candidate heads of ``estimator``, which is at ``path`` in the model."""
    linear = linear_parts(estimator, task)
    if linear is not None:
        coefficients, intercept = linear.weights.tolist(), linear.intercept.tolist()
        head = {"kind": "linear", "coefficients": coefficients, "intercept": intercept}
        yield Head({"head": {**head, "link": linear.link}, "tolerance": TOLERANCE})
    if has_trees(estimator):
        yield trees_of(estimator)
    if isinstance(estimator, Adapter):
        return  # a booster has no other quick way than its trees
    chances = task == "classification" and callable(getattr(estimator, "predict_proba", None))
    yield from native_heads(estimator, path, probabilities=chances)


def native_heads(estimator: Any, path: Path, *, probabilities: bool = False) -> Iterator[Head]:
    """The head that calls the estimator, which is at ``path`` in the model, unless it needs frames.

    ``probabilities``: of a single label.
    """
    if getattr(estimator, "_preprocessor", None) is None and not _holds_frames(estimator):
        native = {"kind": "native", "path": list(path), "probabilities": probabilities}
        yield Head({"head": native, "tolerance": TOLERANCE})


def text_heads(estimator: Any, task: str, matrix: UnfoldedMatrix) -> Iterator[Head]:
    """The candidate heads of ``estimator``, whose matrix has the features of text vectorizers.

    Raises ``CannotCompileError`` if there is none.
    """
    yield sparse_linear(estimator, linear_parts(estimator, task), matrix)


def sparse_linear(estimator: Any, linear: LinearParts | None, matrix: UnfoldedMatrix) -> Head:
    """The head of ``linear``, the weights of ``estimator``, on the features of text vectorizers.

    Raises ``CannotCompileError`` if there are none.
    """
    if linear is None:
        raise CannotCompileError(
            f"no compiled form of {describe(estimator)} is known for the features of a text"
            " vectorizer"
        )
    features, scores = len(matrix.cells), len(linear.weights)
    if features * scores > MAX_WEIGHTS:
        raise CannotCompileError(
            f"{describe(estimator)} has {features:,} features and {scores:,} scores, expected at"
            f" most {MAX_WEIGHTS:,} weights"
        )
    folded = matrix.weights(linear.weights)
    head = {
        "kind": "sparse linear",
        "intercept": linear.intercept.tolist(),
        "link": linear.link,
        "largest": folded.largest,
        "terms": folded.terms,
    }
    # In the order of reading: the weights of a feature are beside each other.
    weights = np.ascontiguousarray(folded.weights.T).ravel()
    return Head({"head": head, "tolerance": TOLERANCE}, {"weights": weights})


def check_supported(estimator: Any, block: MatrixBlock, walk: PipelineWalk) -> MatrixBlock:
    """``block`` in the estimator's codes; ``CannotCompileError`` if it gets text or is unknown."""
    if library_of(estimator) not in ("sklearn", "lightgbm", "xgboost"):
        raise CannotCompileError(f"no compiled form is known for {describe(estimator)}")
    block = coded(estimator, block, walk)
    check_encoded(block, estimator)
    return block


def coded(estimator: Any, block: MatrixBlock, walk: PipelineWalk) -> MatrixBlock:
    """The block after the estimator's own encoding of categories."""
    if type(estimator).__name__ == "BernoulliNB" and from_sklearn(estimator):
        return _binary(estimator, block, walk)
    preprocessor = getattr(estimator, "_preprocessor", None)
    if type(estimator).__name__ in BINNED_ENSEMBLES and preprocessor is not None:
        (_, encoder, _), *_ = preprocessor.transformers_
        indices = preprocessor._transformer_to_input_indices
        coded = walk.through(encoder, block.take(indices["encoder"]), ())
        cells = (*coded.cells, *block.take(indices["numerical"]).cells)
        data = None if block.data is None else preprocessor.transform(block.data)
        return MatrixBlock(cells, data)
    booster = getattr(estimator, "booster_", None)
    known = getattr(booster, "pandas_categorical", None)
    if not known or not hasattr(block.data, "columns"):
        return block
    data = block.data.copy()
    names = [name for name in data if data[name].dtype.name == "category"]
    if len(names) != len(known) or not all(
        isinstance(block.cells[data.columns.get_loc(name)], LookupFeature) for name in names
    ):
        raise CannotCompileError("LightGBM was trained on other category columns")
    for name, categories in zip(names, known):
        codes = data[name].cat.set_categories(categories).cat.codes.astype(np.float64)
        data[name] = codes.where(codes >= 0)
    return MatrixBlock(block.cells, data)


def _binary(estimator: Any, block: MatrixBlock, walk: PipelineWalk) -> MatrixBlock:
    """The block after the estimator's threshold."""
    if estimator.binarize is None:
        return block
    threshold = float(estimator.binarize)
    data = None
    if block.data is not None:
        from sklearn.preprocessing import binarize

        data = binarize(block.data, threshold=threshold)
    if any(isinstance(cell, TextFeature) for cell in block.cells):
        stage = DocumentStage("above", threshold=threshold)
        return MatrixBlock(walk.texts.staged(estimator, [stage], block), data)
    above = ScalarOp(name="above", values=(threshold,))
    return MatrixBlock(tuple(after(cell, above) for cell in block.cells), data)


def _holds_frames(part: Any) -> bool:
    """Whether an estimator has inner parts that select columns by name or are not supported."""
    from sklearn.base import BaseEstimator

    for member in vars(part).values():
        inner = member if isinstance(member, (list, tuple)) else [member]
        for one in inner:
            one = one[1] if isinstance(one, tuple) and len(one) == 2 else one
            if isinstance(one, BaseEstimator) and (
                type(one).__name__ == "ColumnTransformer"
                or type(one).__module__.split(".")[0] not in ("sklearn", "lightgbm", "xgboost")
                or _holds_frames(one)
            ):
                return True
    return False
