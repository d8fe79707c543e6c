"""Scores tables that another program divides: Spark, Dask, or a loop of one's own."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Self

import pyarrow as pa

from packager.engine.engine import Engine
from packager.model.row_blocks import BadRows
from packager.progress import NullProgress
from packager.scoring.table_session import TableSession
from packager.trust.verified import open_verified


class TableScorer:
    """A package's process, called with Arrow tables; use it in a ``with`` block.

    The package runs in its own environment: that of the caller needs none of its libraries.
    """

    def __init__(
        self,
        reference: str,
        *,
        local: bool = False,
        bad: BadRows = "fail",
        keep: pa.Schema | None = None,
    ) -> None:
        """``keep``: the columns that go into the answers, with their types."""
        self._reference, self._local, self._bad, self._keep = reference, local, bad, keep
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        engine = None if self._local else Engine.connect()
        with contextlib.ExitStack() as stack:
            package = stack.enter_context(open_verified(self._reference, engine, NullProgress()))
            session = TableSession(package, engine, bad=self._bad, keep=self._keep)
            self._session = stack.enter_context(session)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def schema(self) -> pa.Schema:
        """Of the answers."""
        return self._session.schema

    def __call__(self, table: pa.Table | pa.RecordBatch) -> pa.Table:
        """The answers to the rows of ``table``, in their order; raises ``PackageError``."""
        whole = pa.Table.from_batches([table]) if isinstance(table, pa.RecordBatch) else table
        return self._session(whole)
