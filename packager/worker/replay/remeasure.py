"""Read the data and evaluate the model of a replay, in a process that has not run the recipe.

The recipe's process could forge its results. So the data are read and fingerprinted again here,
before a model is loaded, and the new model is evaluated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packager.data.fingerprint import fingerprint
from packager.digest import sha256_bytes
from packager.manifest.evaluation import Evaluation
from packager.manifest.manifest import Schema
from packager.model.model import Model
from packager.model.paths import Root
from packager.worker.job import Job
from packager.worker.train.dataset import Dataset, declare_slices, prepare, slice_masks
from packager.worker.train.evaluate import Mask
from packager.worker.train.fitted_columns import with_fitted_columns
from packager.worker.train.personal_columns import personal_columns, without_values
from packager.worker.train.source_data import read_source
from packager.worker.train.training import measure
from packager.worker.train_job import describe_model


@dataclass(frozen=True)
class RereadData:
    """The data of a job, read again."""

    fingerprint: str
    """sha256 of the fingerprint's canonical JSON."""
    dataset: Dataset
    masks: Mapping[str, Mask]


@dataclass(frozen=True)
class ReplayEvaluation:
    """The evaluation of the new model on the data."""

    fingerprint: str
    dataset: Dataset
    schema: Schema
    evaluation: Evaluation


def read_again(job: Job, root: Root) -> RereadData:
    """Read, fingerprint and split the data of ``job``."""
    source = read_source(root, job.reader)
    digest = sha256_bytes(fingerprint(source.frame, source.files).dump())
    dataset = prepare(source, job, root)
    return RereadData(digest, dataset, slice_masks(dataset.test, declare_slices(dataset, job)))


def measure_again(model: Model, read: RereadData, job: Job) -> ReplayEvaluation:
    """Evaluate ``model`` on the held-out rows and infer its schema, as a build does."""
    dataset = with_fitted_columns(model, read.dataset)
    personal = personal_columns(read.dataset, job)
    schema = without_values(describe_model(model, dataset, job), personal)
    return ReplayEvaluation(read.fingerprint, dataset, schema, measure(model, dataset, read.masks))
