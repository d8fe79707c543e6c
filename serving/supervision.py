"""How a worker tells the supervising process that the package itself can't be served.

BentoML starts a failed worker again and again; a package that can't be loaded would make a
server that is never ready and never ends. Other failures of a worker (memory, say) may pass, and
are left to those restarts.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from packager.errors import PackageError

FILE = "MODEL_SERVER_FAILURE"
"""Environment variable naming the file for the error; set by ``python -m serving``."""


TABLE = "MODEL_SERVER_WORKERS"
"""Environment variable naming the file that the workers share; set by ``python -m serving``."""


def expect_workers(folder: Path) -> None:
    """Let workers started from here on share a table in ``folder``."""
    os.environ[TABLE] = str(folder / "workers")


def table() -> Path | None:
    """The file that the workers share; None where something else started them."""
    path = os.environ.get(TABLE)
    return None if path is None else Path(path)


def expect_failures(folder: Path) -> Path:
    """Let workers started from here on report into ``folder``; the file they would write."""
    path = folder / "failure.json"
    os.environ[FILE] = str(path)
    return path


def give_up(error: PackageError) -> None:
    """From a worker: leave the error and end the supervising process."""
    path = os.environ.get(FILE)
    if path is None:  # started by something else than python -m serving
        return
    Path(path).write_text(json.dumps([error.message, error.hint]), encoding="utf-8")
    os.kill(os.getppid(), signal.SIGTERM)


def failure(path: Path) -> PackageError | None:
    """The error a worker left at ``path``, if one did."""
    if not path.exists():
        return None
    message, hint = json.loads(path.read_text(encoding="utf-8"))
    return PackageError(message, hint)
