"""All queries of a build to the new model, in a child process."""

from __future__ import annotations

import tempfile
from pathlib import Path

from monitoring.profile.profile import Profile
from packager.manifest.manifest import Schema
from packager.model.paths import Root
from packager.worker.job import QueryJob
from packager.worker.processes.model_process import ModelProcess
from packager.worker.train.dataset import Dataset
from packager.worker.train.golden import bases_of, examples, real_rows
from packager.worker.train.rejected_values import missing_values, with_rejected_values


def query_model(
    asked: QueryJob, root: Root, out: Path, dataset: Dataset, profile: Profile
) -> Schema:
    """Return the schema with the values that the model rejects.

    Writes ``out``/{golden,smoke_test}.json. Raises ``PackageError`` if the model can't be
    loaded in a child process.
    """
    schema = asked.schema_
    with (
        tempfile.TemporaryDirectory(prefix="asking-", dir=out) as folder,
        ModelProcess(asked, root, Path(folder)) as asker,
    ):
        real = real_rows(dataset.test[list(dataset.features)], schema, asker)
        bases = bases_of(real)
        schema = with_rejected_values(schema, asker, bases, missing_values(schema, dataset.train))
        made_up = examples(schema, profile, dataset.train, asker, bases)
    (out / "smoke_test.json").write_bytes(real.dump())
    (out / "golden.json").write_bytes(made_up.dump())
    return schema
