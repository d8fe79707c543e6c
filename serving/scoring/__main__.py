"""``python -m serving.scoring``: answers blocks of rows from stdin on stdout, as messages.

First comes the request ``start`` with ``bad`` (``packager.model.row_blocks.BadRows``), which is
answered with the package's ``root`` and its ``series``. Then come blocks (``RowBlock``), each
answered by ``BlockAnswers``, and ``finish``, which ends a part and is answered with what its
``counters`` rose by. Answers have the order of the requests. An error is the last answer: message,
hint and exit_code. While one block is predicted, the next one is checked.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import Any

from modelhost.wire import Message
from packager.errors import PackageError
from packager.manifest.manifest import Manifest
from packager.model.integrity import MANIFEST
from packager.model.message_pipe import MessagePipe
from packager.model.paths import Root
from packager.model.row_blocks import RowBlock
from serving.scoring.session import ScoringSession, scoring_session

WAITING = 1
"""Checked blocks that wait for the model: bounds the memory."""


def main() -> int:
    """Answer until stdin ends; return the exit code."""
    pipe = _own_pipe()
    try:
        root = Root.from_environment()
        with scoring_session(root) as session:
            start = pipe.receive()
            if start is None:
                return 0
            about = {"root": Manifest.load(root.package / MANIFEST).root}
            pipe.send(Message({**about, "series": session.tally.all()}))
            _Conversation(pipe, session, start.header["bad"]).run()
    except PackageError as error:
        fields = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
        pipe.send(Message({"error": fields}))
        return error.exit_code
    return 0


def _own_pipe() -> MessagePipe:
    """Stdin and stdout; whatever else is printed goes to stderr."""
    reading, writing = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return MessagePipe(reading, writing)


class _Conversation:
    """Requests from a pipe: one thread checks blocks, the main thread answers them."""

    def __init__(self, pipe: MessagePipe, session: ScoringSession, bad: Any) -> None:
        self._pipe, self._session, self._bad = pipe, session, bad
        self._checked: queue.Queue[Any] = queue.Queue(WAITING)

    def run(self) -> None:
        """Answer everything; raises ``PackageError``."""
        threading.Thread(target=self._check, daemon=True).start()
        while (one := self._checked.get()) is not None:
            if isinstance(one, Exception):
                raise one
            if one == "finish":
                self._pipe.send(Message({"counters": self._session.tally.finished()}))
                continue
            checked, first = one
            self._pipe.send(self._session.answer(checked, first, self._bad).encoded())

    def _check(self) -> None:
        try:
            while (request := self._pipe.receive()) is not None:
                self._checked.put(self._taken(request))
        except Exception as error:  # the main thread raises it: no answer must not look like an end
            self._checked.put(error)
            return
        self._checked.put(None)

    def _taken(self, request: Message) -> Any:
        if request.header["verb"] == "finish":
            return "finish"
        block = RowBlock.decoded(request)
        return self._session.check(block, self._bad), block.first


if __name__ == "__main__":
    sys.exit(main())
