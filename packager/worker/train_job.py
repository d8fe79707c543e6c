"""Train and evaluate the model of a job, or only evaluate a pretrained model.

The model is evaluated after being saved and loaded again, because that form is served.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modelhost.storage import save_model
from packager.data.fingerprint import fingerprint
from packager.digest import canonical_json
from packager.errors import PackageError
from packager.manifest.base import FileEntry, Scalar
from packager.manifest.evaluation import Evaluation, RepeatabilityResult
from packager.manifest.manifest import Recipe, Schema, Serve, Slices
from packager.model.compiled.model import FOLDER
from packager.model.model import LoadedModel, load_model, load_model_from
from packager.model.paths import Root
from packager.model.predictions import scalars
from packager.worker.job import FitResult, Job, QueryJob, TrainingResult
from packager.worker.processes.environment import numerical_environment
from packager.worker.processes.leftovers import Snapshot, hide_new_files, snapshot
from packager.worker.replay.equivalence import FittedModel
from packager.worker.replay.retrain import check_repeatability
from packager.worker.replay.volatile_state import Window, clear_addresses
from packager.worker.train import pretrained_model
from packager.worker.train import profile as monitored
from packager.worker.train.calendar_features import drift_exclusions
from packager.worker.train.dataset import (
    Dataset,
    declare_slices,
    describe,
    prepare,
    slice_masks,
)
from packager.worker.train.evaluate import Mask, evaluate
from packager.worker.train.fitted_columns import explain_features, with_fitted_columns
from packager.worker.train.isolated_steps import IsolatedSteps
from packager.worker.train.model_queries import query_model
from packager.worker.train.personal_columns import personal_columns, without_values
from packager.worker.train.source_data import read_source
from packager.worker.train.text_input import check_takes_frames
from packager.worker.train.train_only import with_train_only, without_train_only


@dataclass(frozen=True)
class _Loaded:
    """A model loaded from disk, with its folder and loader."""

    model: LoadedModel
    models: Path
    loader: str
    window: Window | None = None
    """When it was trained; None for a pretrained model."""


def run(job: Job, root: Root, out: Path) -> TrainingResult:
    """Run ``job``; write ``out``/{result,fingerprint,profile}.json, ``out``/model and more.

    ``out``/model, the content of ``/models``, is written for a recipe only; ``out``/compiled if a
    compiled form was accepted; the other files except result.json only if there is data. The same
    job, files and numerical environment give the same bytes.
    """
    out.mkdir(parents=True, exist_ok=True)
    result = _with_data(job, root, out) if job.source else _without_data(job, root, out)
    (out / "result.json").write_bytes(result.dump())
    return result


def fit(job: Job, root: Root, out: Path) -> FitResult:
    """Train and evaluate only; write ``out``/fit.json and ``out``/model."""
    assert isinstance(job.recipe, Recipe)
    out.mkdir(parents=True, exist_ok=True)
    dataset = prepare(read_source(root, job.reader), job, root)
    masks = slice_masks(dataset.test, declare_slices(dataset, job))
    loaded = _train(job, job.recipe, dataset, out / "model")
    evaluation = measure(loaded.model, with_fitted_columns(loaded.model, dataset), masks)
    found = FitResult(model=model_files(loaded.models), loader=loaded.loader, evaluation=evaluation)
    (out / "fit.json").write_bytes(found.dump())
    return found


def _with_data(job: Job, root: Root, out: Path) -> TrainingResult:
    source = read_source(root, job.reader)
    (out / "fingerprint.json").write_bytes(fingerprint(source.frame, source.files).dump())
    dataset = prepare(source, job, root)
    del source  # the dataset has copies of its rows
    personal = personal_columns(dataset, job)
    slices = declare_slices(dataset, job)
    masks = slice_masks(dataset.test, slices)
    before = snapshot(root, out)
    if isinstance(job.recipe, Recipe):
        loaded = _train(job, job.recipe, dataset, out / "model")
        dataset = with_fitted_columns(loaded.model, dataset)
    else:
        loaded = _Loaded(load_model(root, job.serve, job.task), root.models, job.serve.loader)
        dataset = pretrained_model.in_order_of(loaded.model, dataset)
    labels = set(scalars(dataset.train[dataset.target]))
    schema = without_values(describe(dataset, job, classes_of(loaded.model, labels)), personal)
    trained = isinstance(job.recipe, Recipe)
    check_takes_frames(loaded.model.text_step, schema.features, trained=trained)
    evaluation = measure(loaded.model, dataset, masks)
    serve = _serve(job, loaded)
    rank = IsolatedSteps(loaded.models, serve, job.task, schema, root).ranked
    excluded = drift_exclusions(dataset, schema, job)
    by_time = job.split.time is not None
    profile = monitored.profile(dataset, schema, loaded.model, rank, excluded, by_time)
    (out / "profile.json").write_bytes(canonical_json(profile.model_dump(mode="json")))
    if job.ask:
        asked = QueryJob(
            model=str(loaded.models / "model"),
            schema_=schema,
            serve=serve,
            task=job.task,
            isa=job.recipe.isa if isinstance(job.recipe, Recipe) else "native",
        )
        schema = query_model(asked, root, out, dataset, profile)
    return TrainingResult(
        model=model_files(loaded.models),
        loader=loaded.loader,
        schema_=schema,
        slices=slices,
        evaluation=evaluation,
        environment=numerical_environment(),
        repeatability=_observe(job, root, loaded, dataset, evaluation, before),
        compiled=IsolatedSteps(loaded.models, serve, job.task, schema, root).compiled(
            dataset.test[list(dataset.features)], out / FOLDER
        ),
        train_rows=len(dataset.train),
        test_rows=len(dataset.test),
        unlabelled=dataset.unlabelled,
    )


def _without_data(job: Job, root: Root, out: Path) -> TrainingResult:
    """The result for a pretrained model without data: only its columns and classes are known."""
    pretrained_model.check_job(job)
    model = load_model(root, job.serve, job.task)
    schema = Schema(features=pretrained_model.model_columns(model), classes=model.classes)
    return TrainingResult(
        model=model_files(root.models),
        loader=job.serve.loader,
        schema_=schema,
        slices=Slices(columns={}, rules={}),
        evaluation=None,
        environment=numerical_environment(),
        compiled=IsolatedSteps(root.models, job.serve, job.task, schema, root).compiled(
            None, out / FOLDER
        ),
        train_rows=0,
        test_rows=0,
    )


def model_files(models: Path) -> tuple[FileEntry, ...]:
    """Every file under ``/models``, in order of posix path."""
    names = (path.relative_to(models).as_posix() for path in models.rglob("*") if path.is_file())
    return tuple(FileEntry.of(models / name, name) for name in sorted(names))


def _train(job: Job, recipe: Recipe, dataset: Dataset, models: Path) -> _Loaded:
    if models.exists():
        shutil.rmtree(models)  # left by an earlier run
    rows = dataset.train
    if job.leave_out is not None:
        rows = rows.drop(index=job.leave_out).reset_index(drop=True)
    names = dataset.features, dataset.train_only, job.exclude
    began = time.time()
    model, module = with_train_only(recipe, rows, dataset.target, *names)
    window = (began, time.time())
    clear_addresses(model)
    loader = save_model(model, models, module, job.serve.predictor)
    serve = job.serve.model_copy(update={"loader": loader})
    return _Loaded(load_model_from(models / "model", serve, job.task), models, loader, window)


def _serve(job: Job, loaded: _Loaded) -> Serve:
    return job.serve.model_copy(update={"loader": loaded.loader})


def measure(model: LoadedModel, dataset: Dataset, masks: Mapping[str, Mask]) -> Evaluation:
    """Metrics on the held-out rows; raise ``PackageError`` if the model rejects them."""
    features = list(dataset.features)
    training = scalars(dataset.train[dataset.target])
    with without_train_only(dataset.train_only):
        try:
            return evaluate(
                model, dataset.test[features], dataset.test[dataset.target], masks, training
            )
        except PackageError as error:
            raise explain_features(error, model, features) from error


def _observe(
    job: Job,
    root: Root,
    loaded: _Loaded,
    dataset: Dataset,
    evaluation: Evaluation,
    before: Snapshot,
) -> RepeatabilityResult | None:
    if not (job.repeat and isinstance(job.recipe, Recipe)):
        return None
    sys.stderr.write("training a second time, to measure repeatability\n")
    first = FittedModel(model_files(loaded.models), loaded.model, loaded.window)
    with hide_new_files(before):
        return check_repeatability(job, root, before.out, first, dataset, evaluation)


def classes_of(model: LoadedModel, labels: set[Scalar | None]) -> tuple[Scalar, ...] | None:
    """The model's classes, or the sorted ``labels`` of the training rows if it has none.

    None for a regression without classes.
    """
    if model.task == "regression" or model.classes is not None:
        return model.classes
    return tuple(sorted(label for label in labels if label is not None))
