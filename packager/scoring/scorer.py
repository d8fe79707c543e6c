"""Scores tables that another program divides: Spark, Dask, or a loop of one's own."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Self

import pyarrow as pa

from packager.engine.engine import Engine
from packager.model.row_blocks import BadRows, BlockAnswers
from packager.progress import NullProgress
from packager.runners.package_stream import package_stream
from packager.scoring.answers import AnswerTables
from packager.scoring.encode import BlockEncoder
from packager.scoring.run import begin
from packager.scoring.units import block_rows
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
        self._reference, self._local, self._bad = reference, local, bad
        self._keep = pa.schema([]) if keep is None else keep
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        engine = None if self._local else Engine.connect()
        with contextlib.ExitStack() as stack:
            progress = NullProgress()
            found = stack.enter_context(open_verified(self._reference, engine, progress))
            manifest = found.manifest
            self._encoder = BlockEncoder(manifest, manifest.reader, "table")
            self._tables = AnswerTables(manifest, self._keep, self._bad)
            self._stream = stack.enter_context(package_stream(found, engine, progress))
            begin(self._stream, self._bad)
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
        return self._tables.schema

    def __call__(self, table: pa.Table | pa.RecordBatch) -> pa.Table:
        """The answers to the rows of ``table``, in their order; raises ``PackageError``."""
        whole = pa.Table.from_batches([table]) if isinstance(table, pa.RecordBatch) else table
        parts = [self.schema.empty_table()]
        rows = block_rows(len(whole.column_names))
        names = self._tables.kept.names
        for start in range(0, len(whole), rows):
            part = whole.slice(start, rows)
            self._stream.send(self._encoder.encode(part, start).encoded())
            answers = BlockAnswers.decoded(self._stream.receive())
            kept = part.select(names) if names else None
            parts.append(self._tables.table(len(part), kept, answers))
        return pa.concat_tables(parts)
