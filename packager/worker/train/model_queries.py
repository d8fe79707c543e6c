"""All queries of a build to the new model, in a process that has not trained it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitoring.profile.profile import Profile
from packager.manifest.manifest import Schema
from packager.worker.compile.held_out import accepted_rows, json_rows
from packager.worker.processes.resilient_model import ResilientModel
from packager.worker.test.cases.batches import ROWS, check_batches
from packager.worker.test.cases.row_outcomes import RowAsker
from packager.worker.test.report import CasesReport, Check
from packager.worker.train.dataset import Dataset
from packager.worker.train.golden import bases_of, examples, given_examples, real_rows
from packager.worker.train.rejected_values import missing_values, with_rejected_values

BATCHES = "batches.json"
"""The file with what was found about batches."""


def query_model(
    asker: ResilientModel,
    out: Path,
    dataset: Dataset,
    profile: Profile,
    rows: Sequence[Mapping[str, Any]] = (),
) -> Schema:
    """Return the schema of ``asker`` with the values that the model rejects.

    ``rows``: rows that came with the model, in place of made-up examples. Writes
    ``out``/{golden,smoke_test,batches}.json. Raises ``PackageError`` if the model can't be loaded.
    """
    schema = asker.schema
    with asker:
        real = real_rows(dataset.test[list(dataset.features)], schema, asker)
        bases = bases_of(real)
        schema = with_rejected_values(schema, asker, bases, missing_values(schema, dataset.train))
        shown = (
            given_examples(rows, asker)
            if rows
            else examples(schema, profile, dataset.train, asker, bases)
        )
        batches = _batches(dataset, asker)
    (out / "smoke_test.json").write_bytes(real.dump())
    (out / "golden.json").write_bytes(shown.dump())
    (out / BATCHES).write_bytes(CasesReport(checks=(batches,)).dump())
    return schema


def predict_examples(asker: ResilientModel, out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Ask a model without data for the rows that came with it: for the smoke test, and as examples.

    Writes ``out``/{golden,smoke_test}.json; raises ``PackageError`` for a row without an answer.
    """
    with asker:
        answered = given_examples(rows, asker)
    for name in ("golden.json", "smoke_test.json"):
        (out / name).write_bytes(answered.dump())


def _batches(dataset: Dataset, asker: ResilientModel) -> Check:
    """Whether the answers to evenly spaced held-out rows depend on their batch."""
    step = max(1, len(dataset.test) // ROWS)
    some = dataset.test[list(dataset.features)].iloc[::step]
    rows = accepted_rows(asker.schema, json_rows(some, asker.schema))
    return check_batches(rows, range(len(rows)), RowAsker(asker), asker.schema)
