"""A member whose model runs in the flow's process."""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from modelhost.array_input import input_builder
from modelhost.predictions import Predictions
from modelhost.solution.errors import MemberRaisedError
from modelhost.solution.few_rows import FewRows
from modelhost.solution.member_input import member_columns
from modelhost.solution.spec import MemberSpec

if TYPE_CHECKING:
    from modelhost.model import LoadedModel


class InlineMember:
    """The model of a member, loaded here; its answers are ready when it is called."""

    def __init__(
        self, spec: MemberSpec, folder: Path, load: Callable[[MemberSpec, Path], LoadedModel]
    ) -> None:
        """Load the model; raises ``PackageError``.

        The member's code is importable from now on, after the solution's own.
        """
        sys.dont_write_bytecode = True  # no manifest names such files: the next start would refuse
        for path in (folder / "code", folder / "code" / "src"):
            if path.is_dir() and str(path) not in sys.path:
                sys.path.append(str(path))
        self._spec = spec
        self._code = folder / "code"
        self._few = FewRows(spec)
        self._model = load(spec, folder)
        self._builder = input_builder(spec.takes, spec.features)
        self.has_probabilities = self._model.has_probabilities
        self.classes = self._model.classes

    def submit(self, rows: Any, until: float | None) -> tuple[CallOutcome | None, int]:  # noqa: ARG002
        """Predict ``rows``; an exception of the model is raised by ``CallOutcome.wait``.

        None for no rows; second, their number. Raises ``MemberInputError``.
        """
        count = len(rows) if hasattr(rows, "__len__") else 0
        columns: Any = self._few.values(rows, count) if count else None
        if columns is None:
            columns, count = member_columns(rows, self._spec)
        if not count:
            return None, 0
        began = time.perf_counter()
        try:
            predictions = self._model.predict(
                self._builder.frame(columns, count), self._spec.features
            )
            error = None
        except MemoryError:
            raise
        except Exception as raised:  # every exception of the project's code, raised when waited for
            predictions, error = None, self._named(raised)
            error.__cause__ = raised
        return CallOutcome(predictions, error, (began, time.perf_counter() - began)), count

    def _named(self, raised: Exception) -> MemberRaisedError:
        """The error of the member, with the line of its code."""
        text = f"its model raised {type(raised).__name__}: {raised}"
        for frame in reversed(traceback.extract_tb(raised.__traceback__)):
            if frame.filename.startswith(f"{self._code}{os.sep}"):
                path = os.path.relpath(frame.filename, self._code)
                return MemberRaisedError(
                    self._spec.name, text, f"see {path}:{frame.lineno} of the member's project"
                )
        return MemberRaisedError(self._spec.name, text, "its package's own rows show what it takes")

    @property
    def state(self) -> str:
        """``ready``: it lives as long as the flow."""
        return "ready"

    @property
    def process_id(self) -> None:
        """It has no process of its own."""

    def close(self) -> None:
        """Nothing is to be ended."""


class CallOutcome:
    """The outcome of a call."""

    def __init__(
        self,
        predictions: Predictions | None,
        error: MemberRaisedError | None,
        own: tuple[float, float],
    ) -> None:
        """``own``: when the model began, and its seconds."""
        self._predictions = predictions
        self._error = error
        self.own_began, self.own = own
        self.queued = 0.0

    def wait(self) -> Predictions:
        """The predictions; raises ``MemberRaisedError`` if the model raised."""
        if self._error is not None:
            raise self._error
        assert self._predictions is not None
        return self._predictions
