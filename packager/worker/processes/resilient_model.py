"""Ask a model for rows that it may refuse: it may raise, exit, crash or hang, and is asked again.

The rows hold nulls, unseen values and huge numbers. The model's own output is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from modelhost.columns import ColumnSpec
from packager.data.rows.request_rows import RowChecker
from packager.errors import PackageError
from packager.manifest.base import Task
from packager.manifest.manifest import Schema, Serve
from packager.model.host_process import HostCommand
from packager.model.hosted import (
    HostEndedError,
    HostTimeoutError,
    ModelHost,
    discard,
)
from packager.model.hosted_model import HostedModel
from packager.model.predictions import finite, flagged_answers

LOAD_SECONDS = 300.0
"""Time limit for loading a model."""
HANG_SECONDS = 30.0
"""Time limit for predicting a few rows, equal to a server's default deadline."""
MAX_ENDED = 6
"""After this many ended processes no further one is started."""

Row = Mapping[str, Any]
RowOutcome = Literal["answered", "no answer", "raises", "ends", "hangs", "not asked"]
"""``no answer``: null or a non-finite number for at least one of the rows."""


@dataclass(frozen=True)
class Reply:
    """The outcome of a query, and the predictions if the model returned them."""

    outcome: RowOutcome
    answers: tuple[dict[str, Any], ...] = ()
    why: str = ""
    """The error of the model if it raised."""


@dataclass(frozen=True)
class StoredModel:
    """A trained model on disk: its folder, and how it is served."""

    models: Path
    serve: Serve
    task: Task

    def load(self, host: ModelHost) -> HostedModel:
        """Load it in ``host``; raises ``PackageError``."""
        return host.load(self.models / "model", self.serve, self.task)


@dataclass
class ResilientModel:
    """Queries a model; restarts its process until ``MAX_ENDED`` processes have ended."""

    stored: StoredModel
    schema: Schema
    command: HostCommand
    ended: int = 0
    """Processes that ended or were killed because they hung."""
    seconds: float = HANG_SECONDS
    _host: ModelHost | None = field(default=None, repr=False)
    _model: HostedModel | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        """Load the model; raise ``PackageError`` if that fails."""
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def may_end(self) -> bool:
        """Whether the process would be restarted if the model ended it."""
        return self.ended < MAX_ENDED

    def query(self, rows: Sequence[Row]) -> Reply:
        """Predict ``rows`` in one call; each must be valid in a request."""
        if self._host is None:
            if not self.may_end:
                return Reply("not asked")
            self._start()
        reply = self._exchanged(rows)
        if reply.outcome in ("ends", "hangs"):
            self.ended += 1
            self._stop()
        return reply

    @cached_property
    def _checker(self) -> RowChecker:
        return RowChecker(self.schema)

    @cached_property
    def _specs(self) -> list[ColumnSpec]:
        return [ColumnSpec.of(column) for column in self.schema.features]

    def _exchanged(self, rows: Sequence[Row]) -> Reply:
        assert self._model is not None
        model = self._model.within(self.seconds)
        try:
            checked = self._checker.check(rows)
            predictions = model.predict_columns(checked.columns, self._specs, checked.rows)
        except HostTimeoutError:
            return Reply("hangs")
        except HostEndedError:
            return Reply("ends")
        except PackageError as error:
            return Reply("raises", why=error.message)
        answers = tuple(
            flagged_answers(predictions, self.schema.probability_classes, checked.flags)
        )
        whole = all(finite(one) for one in answers)
        return Reply("answered" if whole else "no answer", answers)

    def _start(self) -> None:
        self._host = ModelHost(self.command, discard)
        try:
            with self._host.within(LOAD_SECONDS):
                self._model = self.stored.load(self._host).untraced()
        except PackageError as error:
            self._stop()
            raise PackageError(
                f"the model can't be loaded in a process that has not trained it: {error.message}",
                error.hint,
            ) from error

    def _stop(self) -> None:
        host, self._host, self._model = self._host, None, None
        if host is not None:
            host.close()
