"""Embeddings of live rows are counted in the bins of their distances."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.derived.arrays import ArrayCells
from monitoring.metrics.embedding_counts import EmbeddingCounts
from monitoring.metrics.reference import MeasuredPackage
from monitoring.metrics.registry import CollectorRegistry
from monitoring.metrics.serving import ServingMetrics
from monitoring.profile.profile import EMBEDDING, Profile, is_embedding, is_of_column
from monitoring.stats.derived_bins import embedding_features
from monitoring.stats.drift import measure_drift

RANDOM = np.random.default_rng(2)
GROUPS = RANDOM.normal(size=(4, 8)) * 5


def rows(count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return GROUPS[random.integers(0, 4, count)] + random.normal(size=(count, 8))


def profile() -> Profile:
    trained, held_out = ArrayCells.of(rows(600, 1)), ArrayCells.of(rows(600, 2))
    features = embedding_features(EMBEDDING, trained, held_out, 10)
    return Profile(rows=600, features=tuple(features), left_out=(), embedding="model:embed")


def measured(own: Profile) -> MeasuredPackage:
    return MeasuredPackage("m", "1", "digest", own, ["__all__"], None, {})


def counted(live: np.ndarray) -> dict[str, bool]:
    """Feature → whether it drifts, after the server has counted these embeddings."""
    own, registry = profile(), CollectorRegistry()
    metrics = ServingMetrics(measured(own), {}, registry)
    counts = EmbeddingCounts(own, metrics)
    for start in range(0, len(live), 50):
        counts.add(live[start : start + 50])
    found = {}
    for feature in own.features:
        values = [
            registry.get_sample_value(
                "model_feature_observations_total",
                {"model": "m", "version": "1", "feature": feature.name, "bin": text},
            )
            for text in feature.bins
        ]
        found[feature.name] = measure_drift(values, feature.counts).drifting
    return found


def test_planted_drift_is_seen_and_rows_like_the_training_are_none() -> None:
    names = {"__embedding__.distance", "__embedding__.nearest"}
    assert counted(rows(600, 3)) == dict.fromkeys(names, False)
    assert counted(rows(600, 3) * 1.5) == dict.fromkeys(names, True)
    between = (rows(600, 3) + rows(600, 4)) / 2
    assert counted(between)["__embedding__.nearest"]


def test_another_size_is_an_error() -> None:
    own = profile()
    metrics = ServingMetrics(measured(own), {}, CollectorRegistry())
    with pytest.raises(ValueError, match="expected 8 numbers, got 3"):
        EmbeddingCounts(own, metrics).add(np.zeros((2, 3)))


def test_its_features_are_of_no_column() -> None:
    assert [is_embedding(one.name) for one in profile().features] == [True, True]
    assert not any(is_of_column(one.name) for one in profile().features)
    assert is_of_column("embedding.distance")


def test_few_or_equal_rows_have_no_bins() -> None:
    trained = ArrayCells.of(rows(100, 1))
    assert embedding_features(EMBEDDING, trained, ArrayCells.of(rows(19, 2)), 10) == []
    assert embedding_features(EMBEDDING, trained, ArrayCells.of(np.ones((90, 8))), 10) == []
