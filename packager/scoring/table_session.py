"""A package's process, called with Arrow tables."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Self

import pyarrow as pa

from packager.engine.engine import Engine
from packager.image.reference import Reference
from packager.model.row_blocks import BadRows, BlockAnswers
from packager.progress import NullProgress
from packager.runners.package_stream import package_stream
from packager.scoring.answers import AnswerTables
from packager.scoring.encode import BlockEncoder
from packager.scoring.run import begin
from packager.scoring.units import block_rows


class TableSession:
    """Answers tables with an opened package; use it in a ``with`` block."""

    def __init__(
        self,
        reference: Reference,
        engine: Engine | None,
        *,
        bad: BadRows = "fail",
        keep: pa.Schema | None = None,
    ) -> None:
        """``engine``: None for a process of this machine; ``keep``: as of ``TableScorer``."""
        self._reference, self._engine, self._bad = reference, engine, bad
        manifest = reference.manifest
        self._encoder = BlockEncoder(manifest, manifest.reader, "table")
        self._tables = AnswerTables(manifest, pa.schema([]) if keep is None else keep, bad)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stream = package_stream(self._reference, self._engine, NullProgress())
            self._stream = stack.enter_context(stream)
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

    def __call__(self, table: pa.Table) -> pa.Table:
        """The answers to the rows of ``table``, in their order; raises ``PackageError``."""
        parts = [self.schema.empty_table()]
        rows = block_rows(len(table.column_names))
        names = self._tables.copied.names
        for start in range(0, len(table), rows):
            part = table.slice(start, rows)
            self._stream.send(self._encoder.encode(part, start).encoded())
            answers = BlockAnswers.decoded(self._stream.receive())
            copied = part.select(names) if names else None
            parts.append(self._tables.table(len(part), copied, answers))
        return pa.concat_tables(parts)
