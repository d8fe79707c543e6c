"""The verb ``baseline``: statistics of a trained model by another ``[test]``, without training.

A training reads nothing of ``[test]``. Where its result is reused, only what ``[test]`` shapes is
made again: ``baseline.json``, ``weak.json`` and ``attribution.json``. The same job gives the bytes
that a training gives.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from monitoring.profile.profile import Profile
from packager.model.hosted import ModelHost
from packager.model.paths import Root
from packager.worker.job import Job, TrainingResult
from packager.worker.processes.host_command import model_host
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.test.held_out import held_out_statistics
from packager.worker.train.dataset import prepare, slice_masks
from packager.worker.train.personal_columns import personal_columns
from packager.worker.train.source_data import read_source


def measure_again(job: Job, root: Root, out: Path) -> None:
    """Write ``out``/baseline.json, ``out``/weak.json, and of a solution ``out``/attribution.json.

    ``root.package`` has the training's result.json and profile.json. Raise ``UsageError`` if
    ``[test]`` names an absent column, metric or slice.
    """
    result = TrainingResult.load(root.package / "result.json")
    profile = Profile.model_validate_json((root.package / "profile.json").read_bytes())
    dataset = prepare(read_source(root, job.reader), job, root)
    personal_columns(dataset, job)
    masks = slice_masks(dataset.test, result.slices)
    features = tuple(column.name for column in result.schema_.features)
    serve = job.serve.model_copy(update={"loader": result.loader})
    with ModelHost(model_host(root)) as host:
        model = StoredModel(root.models, serve, job.task).load(host)
        used = replace(dataset, features=features)
        held_out_statistics(model, used, masks, result.schema_, profile, job).write(out)
