"""The rows that the package was trained and measured on, if its companion holds them."""

from __future__ import annotations

from packager.manifest.manifest import DataSource, Manifest, Recipe
from packager.model.paths import Root
from packager.worker.replay.repeat import recorded_job
from packager.worker.train.dataset import Dataset, prepare
from packager.worker.train.source_data import read_source


def packaged_rows(manifest: Manifest, root: Root) -> Dataset | str:
    """The recorded data, split as for the training; text says why there are none."""
    if not isinstance(manifest.recipe, Recipe) or not isinstance(manifest.data, DataSource):
        return "the model was trained elsewhere"
    if not root.source.is_dir():
        return "the companion holds no data"
    job = recorded_job(manifest)
    return prepare(read_source(root, job.reader), job, root)
