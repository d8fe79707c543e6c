"""Train a model in a process of the model host, save it, load it again, and measure it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packager.errors import PackageError
from packager.manifest.base import FileEntry
from packager.manifest.evaluation import Evaluation
from packager.manifest.manifest import Recipe
from packager.model.hosted import HostEndedError, ModelHost
from packager.model.hosted_model import HostedModel
from packager.model.model import Model
from packager.model.paths import Root
from packager.model.predictions import scalars
from packager.worker.job import Job
from packager.worker.processes.host_command import training_host
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.replay.volatile_state import Window
from packager.worker.train.dataset import Dataset
from packager.worker.train.evaluate import Mask, evaluate
from packager.worker.train.evaluate_outputs import evaluate_outputs
from packager.worker.train.fitted_columns import explain_features, with_fitted_columns
from packager.worker.train.own_metrics import with_own_metrics
from packager.worker.train.train_only import with_train_only, without_train_only


@dataclass(frozen=True)
class TrainingData:
    """The rows of a job, and the masks of the held-out rows by slice."""

    dataset: Dataset
    masks: Mapping[str, Mask]


@dataclass(frozen=True)
class TrainedModel:
    """A model loaded from disk, with its folder and loader."""

    model: HostedModel
    models: Path
    loader: str
    window: Window | None = None
    """When it was trained; None for a pretrained model."""

    def stored(self, job: Job) -> StoredModel:
        """The files of this model, to be loaded by another process."""
        serve = job.serve.model_copy(update={"loader": self.loader})
        return StoredModel(self.models, serve, job.task)

    def files(self) -> tuple[FileEntry, ...]:
        """Every file of its folder."""
        return model_files(self.models)


@dataclass(frozen=True)
class MeasuredModel:
    """A trained model, the features it uses, in its order, and its metrics."""

    trained: TrainedModel
    features: tuple[str, ...]
    evaluation: Evaluation


@dataclass(frozen=True)
class RepeatedTraining:
    """The result of a training in a process that has ended."""

    stored: StoredModel
    window: Window
    evaluation: Evaluation


def model_files(models: Path) -> tuple[FileEntry, ...]:
    """Every file under ``/models``, in order of posix path."""
    names = (path.relative_to(models).as_posix() for path in models.rglob("*") if path.is_file())
    return tuple(FileEntry.of(models / name, name) for name in sorted(names))


def start_training(root: Root, models: Path, *, reverse: bool = False) -> ModelHost:
    """A process that trains and writes into ``models``, which it finds empty."""
    if models.exists():
        shutil.rmtree(models)  # left by an earlier run
    models.mkdir(parents=True)
    return ModelHost(training_host(root, models, reverse=reverse))


def train(host: ModelHost, job: Job, dataset: Dataset, models: Path) -> TrainedModel:
    """Run the recipe of ``job`` in ``host``, save the model in ``models`` and load it again.

    Raises ``PackageError``.
    """
    recipe = job.recipe
    assert isinstance(recipe, Recipe)
    rows = dataset.train
    if job.leave_out is not None:
        rows = rows.drop(index=job.leave_out).reset_index(drop=True)

    def call(names: Sequence[str]) -> None:
        host.train(recipe, rows, names, dataset.targets, job.serve.features)

    began = time.time()
    with_train_only(call, dataset.features, dataset.train_only, job.exclude)
    window = (began, time.time())
    loader = host.save(models, job.serve.predictor)
    serve = job.serve.model_copy(update={"loader": loader})
    model = StoredModel(models, serve, job.task).load(host)
    return TrainedModel(model, models, loader, window)


def train_in_process(job: Job, root: Root, data: TrainingData, models: Path) -> RepeatedTraining:
    """Train in a new process, whose directory listings are reversed, and measure the model.

    The model is left in ``models``. Raises ``PackageError``.
    """
    began = time.time()
    try:
        with start_training(root, models, reverse=True) as host:
            trained = train(host, job, data.dataset, models)
            dataset = with_fitted_columns(trained.model, data.dataset)
            evaluation = measure(trained.model, dataset, data.masks)
    except PackageError as error:
        raise PackageError(f"training again failed: {error.message}", error.hint) from error
    return RepeatedTraining(trained.stored(job), (began, time.time()), evaluation)


def measure(model: Model, dataset: Dataset, masks: Mapping[str, Mask]) -> Evaluation:
    """Metrics on the held-out rows; raise ``PackageError`` if the model rejects them."""
    evaluation = _measured(model, dataset, masks)
    if dataset.metrics is None or not isinstance(model, HostedModel):
        return evaluation
    return with_own_metrics(evaluation, model, dataset, masks)


def _measured(model: Model, dataset: Dataset, masks: Mapping[str, Mask]) -> Evaluation:
    features = list(dataset.features)
    if isinstance(model, HostedModel) and model.outputs:
        with without_train_only(dataset.train_only):
            predictions = model.predict(dataset.test[features])
        return evaluate_outputs(model, predictions, dataset, masks)
    training = scalars(dataset.train[dataset.target])
    with without_train_only(dataset.train_only):
        try:
            return evaluate(
                model, dataset.test[features], dataset.test[dataset.target], masks, training
            )
        except HostEndedError:
            raise
        except PackageError as error:
            raise explain_features(error, model, features) from error
