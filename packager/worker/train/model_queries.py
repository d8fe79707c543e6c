"""Everything that a build asks the fresh model, in a process that may end."""

from __future__ import annotations

import tempfile
from pathlib import Path

from monitoring.profile.profile import Profile
from packager.manifest.manifest import Recipe, Schema
from packager.model.paths import Root
from packager.worker.job import Job, QueryJob
from packager.worker.processes.model_process import ModelProcess
from packager.worker.train.dataset import Dataset
from packager.worker.train.golden import bases_of, examples, real_rows
from packager.worker.train.rejected_values import missing_values, with_rejected_values


def ask_model(
    job: Job,
    root: Root,
    out: Path,
    model: tuple[Path, str],
    dataset: Dataset,
    schema: Schema,
    profile: Profile,
) -> Schema:
    """``schema`` with what the model can't take; write ``out``/golden.json and ``out``/proof.json.

    ``model``: where it lies, and how it is loaded. Raise ``PackageError`` where it can't be.
    """
    path, loader = model
    asked = QueryJob(
        model=str(path),
        schema_=schema,
        serve=job.serve.model_copy(update={"loader": loader}),
        task=job.task,
        isa=job.recipe.isa if isinstance(job.recipe, Recipe) else "native",
    )
    with (
        tempfile.TemporaryDirectory(prefix="asking-", dir=out) as folder,
        ModelProcess(asked, root, Path(folder)) as asker,
    ):
        real = real_rows(dataset.test[list(dataset.features)], schema, asker)
        bases = bases_of(real)
        schema = with_rejected_values(schema, asker, bases, missing_values(schema, dataset.train))
        made_up = examples(schema, profile, dataset.train, asker, bases)
    (out / "proof.json").write_bytes(real.dump())
    (out / "golden.json").write_bytes(made_up.dump())
    return schema
