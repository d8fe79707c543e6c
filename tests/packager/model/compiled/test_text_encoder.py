"""Stages give scikit-learn's numbers to the last bit, for one document and for many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn import preprocessing
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.pipeline import make_pipeline
from text_samples import documents

from modelhost.compiling.provenance import LookupFeature, MatrixBlock
from modelhost.compiling.walk import PipelineWalk
from packager.model.compiled.stored_arrays import ArrayWriter
from packager.model.compiled.text_encoder import (
    SparseRow,
    SparseRows,
    TextEncoder,
    joined,
    joined_row,
)
from packager.worker.compile.text_tables import text_of

PARTS: dict[str, Any] = {
    "tf-idf": TfidfVectorizer(),
    "logarithms": TfidfVectorizer(sublinear_tf=True, norm="l1"),
    "present or not": CountVectorizer(binary=True),
    "largest": make_pipeline(CountVectorizer(), preprocessing.Normalizer("max")),
    "thresholds": make_pipeline(CountVectorizer(), preprocessing.Binarizer(threshold=1)),
    "hashed": HashingVectorizer(n_features=512, norm=None),
    "hashed, few features": HashingVectorizer(n_features=3, ngram_range=(1, 3)),
    "hashed, present or not": HashingVectorizer(n_features=16, binary=True, norm="l1"),
    "hashed, unsigned": make_pipeline(
        HashingVectorizer(n_features=2**12, alternate_sign=False, norm=None, stop_words="english"),
        TfidfTransformer(),
    ),
    "hashed characters": HashingVectorizer(n_features=900, analyzer="char", ngram_range=(2, 3)),
    "hashed within words": HashingVectorizer(
        n_features=700, analyzer="char_wb", ngram_range=(3, 6), strip_accents="unicode"
    ),
    "scaled": make_pipeline(TfidfVectorizer(), preprocessing.StandardScaler(with_mean=False)),
}


@pytest.mark.parametrize("name", PARTS)
def test_features_have_the_bits_of_scikit_learn(name: str) -> None:
    part = PARTS[name].fit(documents(80))
    walk, writer = PipelineWalk(), ArrayWriter()
    block = walk.through(part, MatrixBlock((LookupFeature(0),)), ())
    (told,), _ = walk.texts.described(block.cells)
    made = walk.texts.parts[-1]
    arrays: dict[str, Any] = {"terms": list(made.terms), "indices": list(made.terms.values())}
    arrays.update({f"stage {at}": stage.values for at, stage in enumerate(made.stages)})
    encoder = TextEncoder(text_of(told, arrays, writer), writer.content())
    texts = documents(50, seed=7)
    wanted = part.transform(texts)
    found, inside = encoder.features([*texts, None])
    assert inside.tolist() == [True] * 50 + [False]
    kept = found.values != 0
    made_rows = csr_matrix(
        (found.values[kept], (found.rows[kept], found.indices[kept])), wanted.shape
    )
    assert (made_rows != wanted).nnz == 0
    for row, text in enumerate(texts):
        alone = encoder.features_of_one(text)
        assert alone is not None
        own = found.rows == row
        assert alone.values.tobytes() == found.values[own].tobytes()
        assert alone.indices.tolist() == found.indices[own].tolist()
    assert encoder.features_of_one(None) is None


def test_parts_are_joined_in_the_order_of_the_matrix() -> None:
    one = SparseRows(np.array([0, 1]), np.array([5, 6]), np.array([1.0, 2.0]), 2)
    other = SparseRows(np.array([0, 0]), np.array([0, 9]), np.array([3.0, 4.0]), 2)
    made = joined([one, other])
    assert (made.rows.tolist(), made.indices.tolist()) == ([0, 0, 0, 1], [0, 5, 9, 6])
    assert made.values.tolist() == [3.0, 1.0, 4.0, 2.0]
    row = joined_row([SparseRow(one.indices, one.values), SparseRow(other.indices, other.values)])
    assert (row.indices.tolist(), row.values.tolist()) == ([0, 5, 6, 9], [3.0, 1.0, 2.0, 4.0])
