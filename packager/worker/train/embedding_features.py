"""The reference of the embedding that a project names: bins of distances in it."""

from __future__ import annotations

import sys

import pandas as pd

from monitoring.derived.arrays import ArrayCells
from monitoring.profile.profile import EMBEDDING, FeatureProfile
from monitoring.stats.derived_bins import embedding_features as bins_of
from monitoring.stats.feature_bins import MAX_BINS
from packager.errors import UsageError
from packager.model.hosted_model import HostedModel
from packager.model.model import Model
from packager.worker.train.dataset import Dataset
from packager.worker.train.importance import evenly_spaced

MAX_EMBEDDED_ROWS = 2_000
"""Training rows, and held-out rows, whose embeddings are computed."""


def embedding_features(dataset: Dataset, model: Model) -> tuple[FeatureProfile, ...]:
    """The pseudo-features of ``dataset.embedding``: none without one.

    Centroid and centres are those of training rows; the bins are of held-out rows, to which the
    model was not fitted. Raises ``UsageError`` if training and held-out rows have embeddings of
    other sizes, and ``PackageError`` if the function raises.
    """
    if dataset.embedding is None:
        return ()
    assert isinstance(model, HostedModel)
    trained, held_out = (_cells(dataset, rows, model) for rows in (dataset.train, dataset.test))
    features = tuple(bins_of(EMBEDDING, trained, held_out, MAX_BINS))
    if not features:
        sys.stderr.write(
            f"monitoring: no drift of the embedding {dataset.embedding}: fewer than 20 held-out "
            "rows, or all at one distance\n"
        )
    return features


def _cells(dataset: Dataset, rows: pd.DataFrame, model: HostedModel) -> ArrayCells:
    assert dataset.embedding is not None
    some = evenly_spaced(rows, MAX_EMBEDDED_ROWS)[list(dataset.features)]
    embeddings = model.embed(dataset.embedding, some)
    again = model.embed(dataset.embedding, some.iloc[:1])
    if again.shape[1] != embeddings.shape[1]:
        raise UsageError(
            f"[monitoring] embedding: expected as many numbers for one row as for {len(some):,}, "
            f"got {again.shape[1]:,} and {embeddings.shape[1]:,}",
            "return an embedding of one size",
        )
    return ArrayCells.of(embeddings)
