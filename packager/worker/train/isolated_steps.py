"""Steps that query a trained model beyond what requests may hold, in model processes of their own.

The queries contain permuted values, nulls and huge numbers, on which a model may hang or crash in
compiled code. Such a failure is reported, and the build continues without the result.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from packager.errors import PackageError
from packager.manifest.evaluation import Compilation
from packager.manifest.manifest import Column, Schema
from packager.model.host_process import ForkServer, HostCommand
from packager.model.hosted import ModelHost
from packager.model.paths import Root
from packager.worker.compile.compile import compile_model
from packager.worker.processes.host_command import model_host
from packager.worker.processes.resilient_model import ResilientModel, StoredModel
from packager.worker.train.importance import by_importance, evenly_spaced, rows_for

RANK_TIMEOUT_SECONDS = 600.0
COMPILE_TIMEOUT_SECONDS = 1_800.0


@dataclass(frozen=True)
class IsolatedSteps:
    """A trained model, queried in processes of its own."""

    stored: StoredModel
    schema: Schema
    root: Root
    forks: ForkServer | None = None
    """Forks the processes."""

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

    def asked(self) -> ResilientModel:
        """The model, to be queried for the values that it rejects."""
        return ResilientModel(self.stored, self.schema, self._command())

    def compiled(self, held_out: pd.DataFrame | None, folder: Path) -> Compilation:
        """The verdict on a compiled form; write an accepted form into ``folder``.

        Raises ``PackageError`` if ``compile = "require"`` and no form is equal.
        """
        if folder.exists():
            shutil.rmtree(folder)  # left by an earlier run
        mode = self.stored.serve.compile
        if mode == "off":
            return Compilation(verdict="off")
        try:
            with ModelHost(self._command()) as host, host.within(COMPILE_TIMEOUT_SECONDS):
                model = self.stored.load(host).untraced()
                return compile_model(model, self.schema, held_out, folder, mode)
        except PackageError as error:
            if mode == "require":
                raise
            sys.stderr.write(f"the model is not compiled: {error.message}; {error.hint}\n")
            return Compilation(verdict="refused", reason=f"its search failed: {error.message}")

    def _command(self) -> HostCommand:
        return model_host(self.root, self.stored.models, forks=self.forks)
