"""``python -m serving.shadow.checker``: predicts sampled rows by the model itself, and compares.

One such process stands beside the workers of a server where ``MODEL_SHADOW_RATIO`` asks for it.
Rows come as datagrams to a socket in the server's private folder; the kernel's queue is the bound,
and what doesn't fit is dropped by the sender. Each verdict goes back to the worker that asked.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.data.rows.request_rows import RowChecker
from packager.data.rows.text_storage import keep_text_plain
from packager.manifest.base import Scalar
from packager.manifest.manifest import Manifest
from packager.model.integrity import check_before_loading
from packager.model.model import LoadedModel, load_model
from packager.model.paths import Root
from serving.http import logs
from serving.shadow.sampler import MATCH, MAX_BYTES, MISMATCH, address

POLL_SECONDS = 1.0
"""How soon the end of the server is noticed."""

logger = logging.getLogger("serving")


@dataclass(frozen=True)
class ShadowChecker:
    """The model itself, and how near a compiled answer has to be."""

    manifest: Manifest
    model: LoadedModel
    rows: RowChecker

    @classmethod
    def load(cls, root: Root) -> ShadowChecker:
        """The package below ``root``; raises ``PackageError``."""
        keep_text_plain()
        manifest = Manifest.load(root.package / "manifest.json")
        check_before_loading(manifest, root)
        model = load_model(root, manifest.serve, manifest.task)
        features = manifest.schema_.model_copy(update={"extras": ()})
        return cls(manifest, model, RowChecker(features))

    def matches(
        self, values: list[Any], label: Scalar | None, probabilities: list[float] | None
    ) -> bool:
        """Whether the model itself answers one row so; ``values`` are its features."""
        frame = self.rows.checked([[value] for value in values], (), {}, 1).frame
        try:
            found = self.model.predict(frame)
        except (Exception, SystemExit) as error:  # the compiled form answered, the model doesn't
            logger.error("the model failed on a row that was answered", exc_info=error)
            return False
        native = None if found.probabilities is None else found.probabilities[0].tolist()
        if (native is None) != (probabilities is None):
            return False
        near = all(map(self._near, native or (), probabilities or ()))
        return near and self._same(found.labels[0], label)

    def _same(self, native: Scalar | None, given: Scalar | None) -> bool:
        if self.manifest.task == "regression" and native is not None and given is not None:
            return self._near(float(native), float(given))
        return type(native) is type(given) and native == given

    def _near(self, native: float, given: float) -> bool:
        """Absolutely, or relative beyond 1 for a regression; NaN is near nothing."""
        size = max(1.0, abs(native)) if self.manifest.task == "regression" else 1.0
        return abs(native - given) <= self.manifest.compiled.tolerance * size


def answer(checker: ShadowChecker, listening: socket.socket) -> None:
    """Wait for one row and send its verdict back; raises ``TimeoutError`` where none comes."""
    message, sender = listening.recvfrom(MAX_BYTES)
    # Only processes of the server's own user can write here, and it wrote this itself.
    agrees = checker.matches(*pickle.loads(message))
    try:
        listening.sendto(MATCH if agrees else MISMATCH, socket.MSG_DONTWAIT, sender)
    except OSError as error:  # that worker has ended, or takes no more
        logger.warning("a verdict is lost: %s", error.strerror)


def main() -> int:
    """Check until the server that started this process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, meant for the server
    os.nice(10)  # those who wait for answers come first
    logs.to_json()
    parent = os.getppid()
    checker = ShadowChecker.load(Root.from_environment())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address(Path(sys.argv[1])))
        listening.settimeout(POLL_SECONDS)
        while os.getppid() == parent:
            try:
                answer(checker, listening)
            except TimeoutError:
                continue
    return 0


if __name__ == "__main__":
    sys.exit(main())
