"""Pretrained models: their columns, with and without data."""

from __future__ import annotations

from dataclasses import replace

from modelhost.feature_names import columns_named
from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Column
from packager.model.model import Model
from packager.worker.job import Job
from packager.worker.train.dataset import Dataset

ANY = "any"
"""Placeholder for a dtype: pandas infers it from the values of each request."""


def check_job(job: Job) -> None:
    """Raise ``UsageError`` if a job without data declares options that need data."""
    if job.recipe != "none":
        raise UsageError("[recipe]: expected data to train on, got none", "name it under [data]")
    if job.monitoring_exclude or job.monitoring_include:
        raise UsageError(
            "[monitoring]: expected data to compare live rows with, got none",
            "add [data], or remove [monitoring]",
        )
    if job.slices_columns or job.slices_rules:
        raise UsageError(
            "[slices]: expected data to find the slices in, got none",
            "add [data], or remove [slices]",
        )


def model_columns(model: Model) -> tuple[Column, ...]:
    """The model's input columns; without names they are ``x0``, ``x1`` and so on.

    Raise ``PackageError`` if the model exposes neither names nor a count.
    """
    names = model.feature_names
    if names is None and model.feature_count is not None:
        names = tuple(f"x{index}" for index in range(model.feature_count))
    if names is None:
        raise PackageError(
            f"{model.type_name} does not record which columns it takes:"
            " expected feature_names_in_ or n_features_in_",
            "add [data] with rows like those it was trained on, or set feature_names_in_",
        )
    return tuple(Column(name=name, kind="any", dtype=ANY, nullable=True) for name in names)


def in_order_of(model: Model, dataset: Dataset) -> Dataset:
    """``dataset`` with the features in the order the model was trained with.

    Raise ``UsageError`` if the columns of the model and of the data differ.
    """
    names = model.feature_names
    if names is None:
        if model.feature_count not in (None, len(dataset.features)):
            raise UsageError(
                f"[data]: expected {model.feature_count} features for the model, got"
                f" {len(dataset.features)}",
                "exclude the columns that the model doesn't take",
            )
        return dataset
    absent = [name for name in names if columns_named([name], dataset.features) is None]
    if absent:
        raise UsageError(
            f"[data]: expected the model's feature {absent[0]!r}, got no such column",
            "name data with the columns that the model was trained on",
        )
    features = columns_named(names, dataset.features)
    assert features is not None
    unknown = [name for name in dataset.features if name not in features]
    if unknown:
        raise UsageError(
            f"[data]: the model wasn't trained on column {unknown[0]!r}",
            f"exclude what it doesn't take: exclude = {unknown}",
        )
    return replace(dataset, features=features)
