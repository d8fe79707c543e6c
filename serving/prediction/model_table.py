"""The state of the model processes, shared by the supervisor and the workers in memory.

The supervisor makes it before it forks the workers. Model processes replace their program, so they
can neither read nor change it.
"""

from __future__ import annotations

import json
import mmap
import time
from dataclasses import asdict, dataclass, field

from serving.http.worker_table import MAX_SLOTS

MAX_NOTE_BYTES = 1_024
_WORD = 8
_LENGTH = 2


@dataclass(frozen=True)
class ModelEnd:
    """End of the last process of a model, while no other has loaded the model since."""

    text: str
    """The end of a sentence that begins with the process's name."""
    times: int
    """Number of processes in a row that ended before they had loaded the model."""
    due: float
    """``time.monotonic()`` when the next one starts."""
    at: float = field(default_factory=time.monotonic)
    """``time.monotonic()`` when it ended."""

    def sentence(self, name: str) -> str:
        """For clients: ``name``, how it ended, and when another one starts."""
        often = f", {self.times} times in a row while it loaded the model" if self.times > 1 else ""
        pause = self.due - time.monotonic()
        after = f"starts in {pause:.0f} s" if pause >= 1 else "loads the model"
        return f"{name} {self.text}{often}; another {after}"


class ModelTable:
    """Notes of the supervisor, and of each worker, on ``processes`` model processes."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self._notes = mmap.mmap(-1, MAX_NOTE_BYTES * processes)
        self._words = memoryview(mmap.mmap(-1, _WORD * MAX_SLOTS * processes)).cast("q")

    def ended(self, number: int, end: ModelEnd) -> None:
        """Called by the supervisor: process ``number`` (from 1) ended."""
        text = json.dumps(asdict(end)).encode()
        if len(text) > MAX_NOTE_BYTES - _LENGTH:
            text = json.dumps(asdict(ModelEnd("ended", end.times, end.due))).encode()
        self.loaded(number)  # a reader finds no note, or a whole one
        start = MAX_NOTE_BYTES * (number - 1)
        self._notes[start + _LENGTH : start + _LENGTH + len(text)] = text
        self._notes[start : start + _LENGTH] = len(text).to_bytes(_LENGTH, "little")

    def loaded(self, number: int) -> None:
        """Called by the supervisor: process ``number`` has loaded the model."""
        start = MAX_NOTE_BYTES * (number - 1)
        self._notes[start : start + _LENGTH] = bytes(_LENGTH)

    def last_ends(self) -> dict[int, ModelEnd]:
        """Number → end, of the processes that have not loaded the model since."""
        ends = {number: self._note(number) for number in range(1, self.processes + 1)}
        return {number: end for number, end in ends.items() if end is not None}

    def _note(self, number: int) -> ModelEnd | None:
        start = MAX_NOTE_BYTES * (number - 1)
        length = int.from_bytes(self._notes[start : start + _LENGTH], "little")
        if not length:
            return None
        try:
            return ModelEnd(**json.loads(self._notes[start + _LENGTH : start + _LENGTH + length]))
        except (ValueError, TypeError):  # while the supervisor writes the next one
            return None

    def owes(self, worker: int, number: int, deadline: int) -> None:
        """Called by ``worker``: the oldest request that process ``number`` has not answered.

        ``deadline``: its deadline, which has passed, as ``time.monotonic_ns()``; 0 for none.
        """
        self._words[worker * self.processes + number - 1] = deadline

    def owed(self, number: int) -> int:
        """Called by the supervisor: the earliest deadline of any worker's ``owes``; 0 for none."""
        deadlines = self._words[number - 1 :: self.processes]
        return min((one for one in deadlines if one), default=0)

    def of_worker(self, worker: int) -> WorkerModelTable:
        """The board as ``worker`` uses it."""
        return WorkerModelTable(self, worker)

    def forget(self, worker: int) -> None:
        """Called by the supervisor: ``worker`` ended."""
        for number in range(1, self.processes + 1):
            self.owes(worker, number, 0)


class WorkerModelTable:
    """The board as one worker uses it."""

    def __init__(self, board: ModelTable, worker: int) -> None:
        self._board = board
        self._worker = worker

    def owes(self, number: int, deadline: int) -> None:
        """Report on process ``number``, as of ``ModelTable.owes``."""
        self._board.owes(self._worker, number, deadline)

    def last_ends(self) -> dict[int, ModelEnd]:
        """As of ``ModelTable.last_ends``."""
        return self._board.last_ends()
