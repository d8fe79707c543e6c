"""A model in a child process that predicts rows: it may raise, exit, crash or hang there.

``ModelProcess`` is the parent's side; ``python -m packager.worker ask`` runs ``answer_questions``.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self, TextIO

from packager.data.rows.request_rows import RowChecker
from packager.errors import PackageError
from packager.model.answers import answers
from packager.model.model import load_model_from
from packager.model.paths import Root
from packager.model.predictions import finite
from packager.worker.job import QueryJob
from packager.worker.processes.run_to_end import worker_command

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


@dataclass
class ModelProcess:
    """Queries a model in a child process; restarts it until ``MAX_ENDED`` processes have ended."""

    job: QueryJob
    root: Root
    folder: Path
    """Folder of the job and of the model's printed output."""
    ended: int = 0
    """Processes that ended or were killed because they hung."""
    seconds: float = HANG_SECONDS
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        """Load the model; raise ``PackageError`` if that fails."""
        (self.folder / "asked.json").write_bytes(self.job.dump())
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

    def ask(self, rows: Sequence[Row]) -> Reply:
        """Predict ``rows`` in one call; each must be valid in a request."""
        if self._process is None:
            if not self.may_end:
                return Reply("not asked")
            self._start()
        reply = self._exchanged(rows)
        if reply.outcome in ("ends", "hangs"):
            self.ended += 1
            self._stop()
        return reply

    def _exchanged(self, rows: Sequence[Row]) -> Reply:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(rows).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return Reply("ends")
        line = self._line(self.seconds)
        if not line:
            return Reply("hangs" if line is None else "ends")
        found = json.loads(line)
        if "raised" in found:
            return Reply("raises")
        given = tuple(found["answers"])
        whole = all(finite(one) for one in given)
        return Reply("answered" if whole else "no answer", given)

    def _line(self, seconds: float) -> bytes | None:
        """The next line of the process; empty if the process ended, None after ``seconds``."""
        assert self._process is not None
        output: IO[bytes] | None = self._process.stdout
        assert output is not None
        ready, _, _ = select.select([output], [], [], seconds)
        return output.readline() if ready else None

    def _start(self) -> None:
        command = worker_command("ask", str(self.folder / "asked.json"), str(self.folder))
        path = os.pathsep.join(place for place in sys.path if place)
        environment = {**os.environ, "MODEL_ROOT": str(self.root.path), "PYTHONPATH": path}
        with (self.folder / "said.txt").open("wb") as said:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
            )
        if self._line(LOAD_SECONDS) != b"loaded\n":
            self._stop()
            text = (self.folder / "said.txt").read_text(errors="replace").strip()
            raise PackageError(
                "the model can't be loaded in a child process",
                text[-800:] or "it printed nothing",
            )

    def _stop(self) -> None:
        """Kill the process group."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def answer_questions(job: QueryJob) -> None:
    """Load the model, then reply to each line of JSON rows on stdin with a line on stdout.

    The model's own output goes to stderr.
    """
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    model = load_model_from(Path(job.model), job.serve, job.task)
    checker = RowChecker(job.schema_)
    _say(replies, "loaded")
    for line in sys.stdin:
        try:
            checked = checker.check(json.loads(line))
            given = answers(checked.frame, checked.flags, job.schema_, model)
            found = {"answers": list(given)}
        except (Exception, SystemExit) as error:
            _say(replies, json.dumps({"raised": type(error).__name__}))
        else:
            _say(replies, json.dumps(found))


def _say(replies: TextIO, line: str) -> None:
    replies.write(f"{line}\n")
    replies.flush()
