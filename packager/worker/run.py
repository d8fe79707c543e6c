"""Train and measure as a job says, or measure a model that was trained elsewhere.

What is measured is the model as read back from disk, because that is what will be served.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from packager.data.fingerprint import fingerprint
from packager.digest import canonical_json
from packager.manifest import FileEntry, Recipe, Scalar, Schema, Slices
from packager.worker import given, monitored
from packager.worker.dataset import (
    Dataset,
    declare_slices,
    describe,
    prepare,
    read_source,
    slice_masks,
)
from packager.worker.evaluate import evaluate
from packager.worker.golden import golden
from packager.worker.isolation import numerical_environment
from packager.worker.job import Job, TrainingResult
from packager.worker.model import LoadedModel, load_model, load_model_at
from packager.worker.paths import Root
from packager.worker.predictions import scalars
from packager.worker.recipe import fit
from packager.worker.storage import save_model


@dataclass(frozen=True)
class _Loaded:
    """A model read back from disk: the folder it lies in, and how it is loaded."""

    model: LoadedModel
    models: Path
    loader: str


def run(job: Job, root: Root, out: Path) -> TrainingResult:
    """Do ``job``; write ``out``/{result,fingerprint,profile,golden}.json and ``out``/model.

    ``out``/model, whose content belongs under ``/models``, is written for a recipe only; other
    files than result.json only where there is data. The same job, files and numerical
    environment give the same bytes.
    """
    out.mkdir(parents=True, exist_ok=True)
    result = _with_data(job, root, out) if job.source else _without_data(job, root)
    (out / "result.json").write_bytes(result.dump())
    return result


def _with_data(job: Job, root: Root, out: Path) -> TrainingResult:
    source = read_source(root)
    (out / "fingerprint.json").write_bytes(fingerprint(source.frame, source.files).dump())
    dataset = prepare(source, job, root)
    slices = declare_slices(dataset, job)
    masks = slice_masks(dataset.test, slices)
    if isinstance(job.recipe, Recipe):
        loaded = _train(job, job.recipe, dataset, out / "model")
    else:
        loaded = _Loaded(load_model(root, job.serve, job.task), root.models, job.serve.loader)
        dataset = given.in_order_of(loaded.model, dataset)
    labels = set(scalars(dataset.train[dataset.target]))
    schema = describe(dataset, job, _classes(loaded.model, labels))
    evaluation = evaluate(
        loaded.model,
        dataset.test[list(dataset.features)],
        dataset.test[dataset.target],
        masks,
        labels,
    )
    profile = monitored.profile(dataset, schema, loaded.model)
    (out / "profile.json").write_bytes(canonical_json(profile.model_dump(mode="json")))
    (out / "golden.json").write_bytes(golden(schema, profile, loaded.model).dump())
    return TrainingResult(
        model=model_files(loaded.models),
        loader=loaded.loader,
        schema_=schema,
        slices=slices,
        evaluation=evaluation,
        environment=numerical_environment(),
        train_rows=len(dataset.train),
        test_rows=len(dataset.test),
        options=source.options,
    )


def _without_data(job: Job, root: Root) -> TrainingResult:
    """A given model alone: its columns and classes are all that is known."""
    given.check_job(job)
    model = load_model(root, job.serve, job.task)
    return TrainingResult(
        model=model_files(root.models),
        loader=job.serve.loader,
        schema_=Schema(features=given.own_columns(model), classes=model.classes),
        slices=Slices(columns={}, rules={}),
        evaluation=None,
        environment=numerical_environment(),
        train_rows=0,
        test_rows=0,
        options={},
    )


def model_files(models: Path) -> tuple[FileEntry, ...]:
    """Every file under ``/models``, in order of posix path."""
    names = (path.relative_to(models).as_posix() for path in models.rglob("*") if path.is_file())
    return tuple(FileEntry.of(models / name, name) for name in sorted(names))


def _train(job: Job, recipe: Recipe, dataset: Dataset, models: Path) -> _Loaded:
    if models.exists():
        shutil.rmtree(models)  # of an earlier run into the same folder
    features = dataset.train[list(dataset.features)].copy()
    model, module = fit(recipe, features, dataset.train[dataset.target].copy())
    loader = save_model(model, models, module, job.serve.predictor)
    serve = job.serve.model_copy(update={"loader": loader})
    return _Loaded(load_model_at(models / "model", serve, job.task), models, loader)


def _classes(model: LoadedModel, labels: set[Scalar | None]) -> tuple[Scalar, ...] | None:
    """The model's classes, or where it doesn't tell those of the training rows."""
    if model.task == "regression" or model.classes is not None:
        return model.classes
    return tuple(sorted(label for label in labels if label is not None))
