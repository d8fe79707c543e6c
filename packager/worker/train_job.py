"""Train and evaluate the model of a job, or only evaluate a pretrained model.

The model is evaluated after being saved and loaded again, because that form is served. It is
trained and called in processes of the model host: this process never runs the project's code.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from packager.data.fingerprint import fingerprint
from packager.data.preview import refuse_no_array
from packager.digest import canonical_json
from packager.manifest.base import Scalar
from packager.manifest.evaluation import RepeatabilityResult
from packager.manifest.manifest import Recipe, Schema, Slices
from packager.manifest.outputs import completed
from packager.model.compiled.model import FOLDER
from packager.model.host_process import ForkServer
from packager.model.hosted import ModelHost
from packager.model.model import Model
from packager.model.paths import Root
from packager.model.predictions import scalars
from packager.worker.compile.proof_rows import write_proof_rows
from packager.worker.job import Job, TrainingResult
from packager.worker.processes.environment import numerical_environment
from packager.worker.processes.host_command import fork_server, model_host
from packager.worker.processes.previous_outputs import Snapshot, hide_new_files, snapshot
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.replay.retrain import check_repeatability
from packager.worker.test.held_out import held_out_statistics
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
from packager.worker.train.fitted_columns import with_fitted_columns
from packager.worker.train.isolated_steps import IsolatedSteps
from packager.worker.train.model_queries import predict_examples, query_model
from packager.worker.train.output_shapes import with_shapes
from packager.worker.train.personal_columns import personal_columns, without_values
from packager.worker.train.row_keys import check_members, keep_keys
from packager.worker.train.source_data import read_source
from packager.worker.train.text_input import check_takes_frames
from packager.worker.train.training import (
    MeasuredModel,
    TrainedModel,
    TrainingData,
    measure,
    model_files,
    start_training,
    train,
)


def run(job: Job, root: Root, out: Path) -> TrainingResult:
    """Run ``job``; write ``out``/{result,fingerprint,profile}.json, ``out``/model and more.

    ``out``/model, the content of ``/models``, is written for a recipe only; ``out``/compiled if a
    compiled form was accepted; the other files except result.json only if there is data. The same
    job, files and numerical environment give the same bytes.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not job.source:
        pretrained_model.check_job(job)
    before = snapshot(root, out)
    # Started before the data are read: it imports its libraries meanwhile.
    with _started(job, root, out) as host, fork_server(root, out) as forks:
        trained = (_with_data if job.source else _without_data)(host, forks, job, root, before)
    (out / "result.json").write_bytes(trained.dump())
    return trained


def _started(job: Job, root: Root, out: Path) -> ModelHost:
    if isinstance(job.recipe, Recipe):
        return start_training(root, out / "model")
    return ModelHost(model_host(root))


def _with_data(
    host: ModelHost, forks: ForkServer, job: Job, root: Root, before: Snapshot
) -> TrainingResult:
    out = before.out
    source = read_source(root, job.reader)
    (out / "fingerprint.json").write_bytes(fingerprint(source.frame, source.files).dump())
    read = prepare(source, job, root)
    check_members(read, job, root)
    keep_keys(read, job, out)
    if job.serve.features == "array":
        for rows in (read.train, read.test):
            refuse_no_array(rows, read.features)
    del source  # the dataset has copies of its rows
    personal = personal_columns(read, job)
    slices = declare_slices(read, job)
    data = TrainingData(read, slice_masks(read.test, slices))
    loaded, dataset = _loaded(host, job, root, read, out)
    forks.warm(host.libraries())  # it imports them while the model is measured
    described = describe_model(loaded.model, dataset, job)
    schema = without_values(described, personal)
    trained = isinstance(job.recipe, Recipe)
    check_takes_frames(loaded.model.text_step, schema.features, trained=trained)
    evaluation = measure(loaded.model, dataset, data.masks)
    steps = IsolatedSteps(loaded.stored(job), schema, root, forks)
    excluded = drift_exclusions(dataset, schema, job)
    by_time = job.split.time is not None
    profile = monitored.profile(dataset, schema, loaded.model, steps.ranked, excluded, by_time)
    (out / "profile.json").write_bytes(canonical_json(profile.model_dump(mode="json")))
    environment = numerical_environment(host.environment())
    if job.query_model:
        schema = query_model(steps.asked(), out, dataset, profile, job.examples)
    held_out_statistics(loaded.model, dataset, data.masks, schema, profile, job).write(out)
    first = MeasuredModel(loaded, dataset.features, evaluation)
    compiled = replace(steps, schema=schema).compiled(
        dataset.test[list(dataset.features)], out / FOLDER
    )
    write_proof_rows(schema, out / "golden.json", out / FOLDER)
    return TrainingResult(
        model=loaded.files(),
        loader=loaded.loader,
        schema_=schema,
        slices=slices,
        evaluation=evaluation,
        environment=environment,
        repeatability=_observe(job, root, first, data, before, forks),
        compiled=compiled,
        train_rows=len(dataset.train),
        test_rows=len(dataset.test),
        unlabelled=dataset.unlabelled,
    )


def _loaded(
    host: ModelHost, job: Job, root: Root, dataset: Dataset, out: Path
) -> tuple[TrainedModel, Dataset]:
    """The job's model, and ``dataset`` with the features that it uses."""
    if isinstance(job.recipe, Recipe):
        trained = train(host, job, dataset, out / "model")
        return trained, with_fitted_columns(trained.model, dataset)
    loaded = TrainedModel(host.load(root.model, job.serve, job.task), root.models, job.serve.loader)
    return loaded, pretrained_model.in_order_of(loaded.model, dataset)


def _without_data(
    host: ModelHost, forks: ForkServer, job: Job, root: Root, before: Snapshot
) -> TrainingResult:
    """The result for a pretrained model without data: only its columns and classes are known."""
    stored = StoredModel(root.models, job.serve, job.task)
    model = stored.load(host)
    schema = Schema(features=pretrained_model.model_columns(model), classes=model.classes)
    steps = IsolatedSteps(stored, schema, root, forks)
    if job.examples:
        predict_examples(steps.asked(), before.out, job.examples)
    return TrainingResult(
        model=model_files(root.models),
        loader=job.serve.loader,
        schema_=schema,
        slices=Slices(columns={}, rules={}),
        evaluation=None,
        environment=numerical_environment(host.environment()),
        compiled=steps.compiled(None, before.out / FOLDER),
        train_rows=0,
        test_rows=0,
    )


def _observe(
    job: Job,
    root: Root,
    first: MeasuredModel,
    data: TrainingData,
    before: Snapshot,
    forks: ForkServer,
) -> RepeatabilityResult | None:
    if not (job.repeat and isinstance(job.recipe, Recipe)):
        return None
    sys.stderr.write("training a second time, to measure repeatability\n")
    with hide_new_files(before):
        return check_repeatability(job, root, before.out, first, data, forks)


def describe_model(model: Model, dataset: Dataset, job: Job) -> Schema:
    """The schema of the model and of its training rows."""
    if job.task == "outputs":
        declared = completed(job.serve.outputs, model.outputs)
        rows = dataset.test[list(dataset.features)]
        return describe(dataset, job, None, with_shapes(declared, model, rows))
    labels = set(scalars(dataset.train[dataset.target]))
    return describe(dataset, job, classes_of(model, labels))


def classes_of(model: Model, labels: set[Scalar | None]) -> tuple[Scalar, ...] | None:
    """The model's classes, or the sorted ``labels`` of the training rows if it has none.

    None for a regression without classes.
    """
    if model.task == "regression" or model.classes is not None:
        return model.classes
    return tuple(sorted(label for label in labels if label is not None))
