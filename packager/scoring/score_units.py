"""Scores some units: one thread reads and sends blocks, another receives and writes answers."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from modelhost.wire import Message
from packager.model.row_blocks import BlockAnswers
from packager.scoring.answers import AnswerTables
from packager.scoring.encode import BlockEncoder
from packager.scoring.parts import part_writer, record_part
from packager.scoring.plan import ScorePlan
from packager.scoring.units import Unit, UnitSource

WAITING = 3
"""Blocks that were read and not answered: bounds the memory."""


class Stream(Protocol):
    """A package's process."""

    def send(self, request: Message) -> None:
        """Send a request."""

    def receive(self) -> Message:
        """The next answer; raises ``PackageError``."""


@dataclass(frozen=True)
class _Sent:
    """A block that was sent; ``rows`` is None for the end of a unit."""

    unit: Unit
    first: int = 0
    rows: int | None = None
    copied: pa.Table | None = None


@dataclass(frozen=True)
class UnitScorer:
    """Everything that scoring a unit needs."""

    plan: ScorePlan
    source: UnitSource
    encoder: BlockEncoder
    tables: AnswerTables
    columns: Sequence[str]
    """The columns to read."""

    def run(self, units: Sequence[Unit], stream: Stream) -> Iterator[Unit]:
        """Score the units in their order, and yield each one that is recorded."""
        sent: queue.Queue[_Sent | Exception] = queue.Queue(WAITING)
        stopped = threading.Event()
        sender = threading.Thread(
            target=self._send, args=(units, stream, sent, stopped), daemon=True
        )
        sender.start()
        try:
            for unit in units:
                self._write(unit, stream, sent)
                yield unit
        finally:
            stopped.set()

    def _send(
        self,
        units: Iterable[Unit],
        stream: Stream,
        sent: queue.Queue[_Sent | Exception],
        stopped: threading.Event,
    ) -> None:
        def put(one: _Sent | Exception) -> None:
            while not stopped.is_set():
                try:
                    sent.put(one, timeout=0.1)
                    return
                except queue.Full:
                    continue

        try:
            for unit in units:
                first = unit.first
                for table in self.source.read(unit, self.columns):
                    block = self.encoder.encode(table, first)
                    put(_Sent(unit, first, len(table), self._copied_columns(table)))
                    if stopped.is_set():
                        return
                    stream.send(block.encoded())
                    first += len(table)
                put(_Sent(unit))
                stream.send(Message({"verb": "finish"}))
        except Exception as error:  # raised again by the thread that waits for this unit
            put(error)

    def _copied_columns(self, table: Any) -> pa.Table | None:
        names = self.tables.copied.names
        if not names:
            return None
        if isinstance(table, pa.Table):
            return table.select(names)
        return pa.Table.from_pandas(table[names], schema=self.tables.copied, preserve_index=False)

    def _write(self, unit: Unit, stream: Stream, sent: queue.Queue[_Sent | Exception]) -> None:
        path, rows, rejects = self.plan.part(unit.number), 0, list[tuple[int, str]]()
        with part_writer(path, self.tables.schema, self.plan.form) as writer:
            while True:
                one = sent.get()
                if isinstance(one, Exception):
                    raise one
                if one.rows is None:
                    counters = stream.receive().header["counters"]
                    break
                answers = BlockAnswers.decoded(stream.receive())
                table = self.tables.table(one.rows, one.copied, answers)
                writer.write(table)
                rows += len(table)
                rejects += ((one.first + row, reason) for row, reason in answers.rejected)
        record_part(self.plan, unit, rows, counters, rejects)
