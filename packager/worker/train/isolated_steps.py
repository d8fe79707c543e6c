"""Steps that query a trained model beyond what requests may hold, in processes of their own.

The queries contain permuted values, nulls and huge numbers, on which a model may hang or crash in
compiled code. Such a failure is reported, and the build continues without the result.
"""

from __future__ import annotations

import pickle
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from packager.errors import PackageError
from packager.manifest.evaluation import Compiled
from packager.manifest.manifest import Column, Schema
from packager.model.compiled.model import FOLDER
from packager.model.model import load_model_from
from packager.model.paths import Root
from packager.worker.compile.compile import compile_model
from packager.worker.job import ModelJob
from packager.worker.processes.asked_model import AskedModel, StoredModel
from packager.worker.processes.child_process import ChildResult, run_child
from packager.worker.processes.host_command import model_host
from packager.worker.processes.hosted import HostCommand, ModelHost
from packager.worker.train.importance import by_importance, evenly_spaced, rows_for

RANK_TIMEOUT_SECONDS = 600.0
COMPILE_TIMEOUT_SECONDS = 1_800.0
_ROWS = "rows.pickle"


@dataclass(frozen=True)
class IsolatedSteps:
    """A trained model, queried in processes of its own."""

    stored: StoredModel
    schema: Schema
    root: Root

    def ranked(self, features: pd.DataFrame, columns: Sequence[Column]) -> list[Column]:
        """The columns by importance; on failure in their given order, with a message on stderr."""
        rows = evenly_spaced(features, rows_for(len(columns)))
        try:
            with ModelHost(self._command()) as host, host.within(RANK_TIMEOUT_SECONDS):
                model = self.stored.load(host).untraced()
                ranked = by_importance(model, rows, self.schema.features)
        except PackageError as error:
            sys.stderr.write(
                f"monitoring: feature importance is unknown, because {error.message}; "
                "the first features are monitored\n"
            )
            return list(columns)
        by_name = {column.name: column for column in columns}
        return [by_name[column.name] for column in ranked if column.name in by_name]

    def asked(self) -> AskedModel:
        """The model, to be queried for the values that it rejects."""
        return AskedModel(self.stored, self.schema, self._command())

    def compiled(self, held_out: pd.DataFrame | None, folder: Path) -> Compiled:
        """The verdict on a compiled form; write an accepted form into ``folder``.

        Raises ``PackageError`` if ``compile = "require"`` and no form is equal.
        """
        if folder.exists():
            shutil.rmtree(folder)  # left by an earlier run
        mode = self.stored.serve.compile
        if mode == "off":
            return Compiled(verdict="off")
        with tempfile.TemporaryDirectory() as name:
            ended = self._compile(held_out, Path(name))
            if not ended.finished:
                if mode == "require":
                    raise PackageError(ended.message, ended.hint)
                return Compiled(verdict="refused", reason=f"its search failed: {ended.message}")
            verdict = Compiled.load(ended.folder / "compiled.json")
            if verdict.verdict == "equal":
                shutil.copytree(ended.folder / FOLDER, folder)
        return verdict

    def _command(self) -> HostCommand:
        return model_host(self.root, self.stored.models)

    def _compile(self, rows: pd.DataFrame | None, folder: Path) -> ChildResult:
        (folder / _ROWS).write_bytes(pickle.dumps(rows))
        stored = self.stored
        asked = ModelJob(
            models=str(stored.models), serve=stored.serve, task=stored.task, schema_=self.schema
        )
        return run_child("compile", asked.dump(), self.root, folder, COMPILE_TIMEOUT_SECONDS)


def compile_here(asked: ModelJob, out: Path) -> None:
    """``compiled`` in the child process; write ``out``/compiled.json and ``out``/compiled."""
    model = load_model_from(Path(asked.models) / "model", asked.serve, asked.task)
    rows: pd.DataFrame = pickle.loads((out / _ROWS).read_bytes())
    verdict = compile_model(model, asked.schema_, rows, out / FOLDER, asked.serve.compile)
    (out / "compiled.json").write_bytes(verdict.dump())
