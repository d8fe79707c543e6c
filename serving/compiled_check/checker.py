"""``python -m serving.compiled_check.checker FOLDER ADDRESS``: asks the model for rows again.

With ``MODEL_COMPILED_CHECK_RATIO`` above 0, one such process runs next to the workers. ADDRESS is
that of the model's process. Rows arrive as datagrams on a socket in the server's private folder;
the kernel's queue is bounded, and the sender drops what doesn't fit. Each verdict is sent back to
the worker.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelhost.predictions import Predictions
from packager.manifest.manifest import Manifest
from packager.model.compiled.agreement import answers_agree
from packager.model.integrity import MANIFEST
from packager.model.paths import Root
from serving.compiled_check.model_link import ModelLink, NoAnswerError
from serving.compiled_check.sampler import DROPPED, MATCH, MAX_BYTES, MISMATCH, address
from serving.http import logs

logger = logging.getLogger("serving")


@dataclass(frozen=True)
class CompiledChecker:
    """The comparison of the model's answers with compiled ones."""

    manifest: Manifest
    ask: Callable[[Sequence[Any]], Predictions | None]
    """The model's answer for the features of a row; None if it raises on them."""

    def matches(self, values: list[Any], label: Any, probabilities: list[float] | None) -> bool:
        """Whether the model gives this answer for one row; ``values`` are its features.

        Raises ``NoAnswerError``.
        """
        predictions = self.ask(values)
        if predictions is None:  # only the compiled form answered
            logger.error("the model failed on a row that was answered")
            return False
        native = (
            None if predictions.probabilities is None else predictions.probabilities[0].tolist()
        )
        return answers_agree(self.manifest, (predictions.labels[0], native), (label, probabilities))


def answer(checker: CompiledChecker, listening: socket.socket) -> None:
    """Receive one row and send its verdict back."""
    message, sender = listening.recvfrom(MAX_BYTES)
    # Only processes of the server's own user can write to this socket.
    try:
        verdict = MATCH if checker.matches(*pickle.loads(message)) else MISMATCH
    except NoAnswerError:
        verdict = DROPPED
    try:
        listening.sendto(verdict, socket.MSG_DONTWAIT, sender)
    except OSError as error:  # that worker has ended, or its queue is full
        logger.warning("a verdict is lost: %s", error.strerror)


def main() -> None:
    """Check until the server ends, which ends this process (``serving.processes.fork.execute``)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is meant for the server
    os.nice(10)  # requests have priority
    logs.to_json()
    manifest = Manifest.load(Root.from_environment().package / MANIFEST)
    link = ModelLink(sys.argv[2], manifest.schema_)
    checker = CompiledChecker(manifest, link.predict)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        path = Path(address(Path(sys.argv[1])))
        path.unlink(missing_ok=True)  # left by a checker that was killed
        listening.bind(str(path))
        while True:
            answer(checker, listening)


if __name__ == "__main__":
    main()
