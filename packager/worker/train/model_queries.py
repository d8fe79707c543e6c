"""All queries of a build to the new model, in a process that has not trained it."""

from __future__ import annotations

from pathlib import Path

from monitoring.profile.profile import Profile
from packager.manifest.manifest import Schema
from packager.worker.processes.asked_model import AskedModel
from packager.worker.train.dataset import Dataset
from packager.worker.train.golden import bases_of, examples, real_rows
from packager.worker.train.rejected_values import missing_values, with_rejected_values


def query_model(asker: AskedModel, out: Path, dataset: Dataset, profile: Profile) -> Schema:
    """Return the schema of ``asker`` with the values that the model rejects.

    Writes ``out``/{golden,smoke_test}.json. Raises ``PackageError`` if the model can't be loaded.
    """
    schema = asker.schema
    with asker:
        real = real_rows(dataset.test[list(dataset.features)], schema, asker)
        bases = bases_of(real)
        schema = with_rejected_values(schema, asker, bases, missing_values(schema, dataset.train))
        made_up = examples(schema, profile, dataset.train, asker, bases)
    (out / "smoke_test.json").write_bytes(real.dump())
    (out / "golden.json").write_bytes(made_up.dump())
    return schema
