"""Steps that query a trained model beyond what requests may hold, in child processes.

The queries contain permuted values, nulls and huge numbers, on which a model may hang or crash in
compiled code. Such a failure is reported, and the build continues without the result.
"""

from __future__ import annotations

import json
import pickle
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from modelhost.project_code import project_errors
from packager.digest import canonical_json
from packager.errors import PackageError
from packager.manifest.base import Task
from packager.manifest.evaluation import Compiled
from packager.manifest.manifest import Column, Schema, Serve
from packager.model.compiled.model import FOLDER
from packager.model.model import load_model_from
from packager.model.paths import Root
from packager.worker.compile.compile import compile_model
from packager.worker.job import ModelJob
from packager.worker.processes.child_process import ChildResult, run_child
from packager.worker.train.importance import by_importance, evenly_spaced, rows_for

RANK_TIMEOUT_SECONDS = 600.0
COMPILE_TIMEOUT_SECONDS = 1_800.0
_ROWS = "rows.pickle"


@dataclass(frozen=True)
class IsolatedSteps:
    """A trained model, queried in child processes."""

    models: Path
    """The model's folder."""
    serve: Serve
    task: Task
    schema: Schema
    root: Root

    def ranked(self, features: pd.DataFrame, columns: Sequence[Column]) -> list[Column]:
        """The columns by importance; on failure in their given order, with a message on stderr."""
        rows = evenly_spaced(features, rows_for(len(columns)))
        with tempfile.TemporaryDirectory() as name:
            ended = self._run("rank", rows, Path(name), RANK_TIMEOUT_SECONDS)
            if not ended.finished:
                sys.stderr.write(
                    f"monitoring: feature importance is unknown, because {ended.message}; "
                    "the first features are monitored\n"
                )
                return list(columns)
            names = json.loads((ended.folder / "ranked.json").read_bytes())
        by_name = {column.name: column for column in columns}
        return [by_name[name] for name in names if name in by_name]

    def compiled(self, held_out: pd.DataFrame | None, folder: Path) -> Compiled:
        """The verdict on a compiled form; write an accepted form into ``folder``.

        Raises ``PackageError`` if ``compile = "require"`` and no form is equal.
        """
        if folder.exists():
            shutil.rmtree(folder)  # left by an earlier run
        if self.serve.compile == "off":
            return Compiled(verdict="off")
        with tempfile.TemporaryDirectory() as name:
            ended = self._run("compile", held_out, Path(name), COMPILE_TIMEOUT_SECONDS)
            if not ended.finished:
                if self.serve.compile == "require":
                    raise PackageError(ended.message, ended.hint)
                return Compiled(verdict="refused", reason=f"its search failed: {ended.message}")
            verdict = Compiled.load(ended.folder / "compiled.json")
            if verdict.verdict == "equal":
                shutil.copytree(ended.folder / FOLDER, folder)
        return verdict

    def _run(
        self, verb: str, rows: pd.DataFrame | None, folder: Path, seconds: float
    ) -> ChildResult:
        (folder / _ROWS).write_bytes(pickle.dumps(rows))
        asked = ModelJob(
            models=str(self.models), serve=self.serve, task=self.task, schema_=self.schema
        )
        return run_child(verb, asked.dump(), self.root, folder, seconds)


def rank_here(asked: ModelJob, out: Path) -> None:
    """``ranked`` in the child process; write ``out``/ranked.json."""
    model = load_model_from(Path(asked.models) / "model", asked.serve, asked.task)
    with project_errors("the model", traced=False):
        columns = by_importance(model, _rows(out), asked.schema_.features)
    (out / "ranked.json").write_bytes(canonical_json([column.name for column in columns]))


def compile_here(asked: ModelJob, out: Path) -> None:
    """``compiled`` in the child process; write ``out``/compiled.json and ``out``/compiled."""
    model = load_model_from(Path(asked.models) / "model", asked.serve, asked.task)
    verdict = compile_model(model, asked.schema_, _rows(out), out / FOLDER, asked.serve.compile)
    (out / "compiled.json").write_bytes(verdict.dump())


def _rows(out: Path) -> pd.DataFrame:
    rows: pd.DataFrame = pickle.loads((out / _ROWS).read_bytes())
    return rows
