"""A server of the comparison: how it is started, and what it is asked."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models import RECIPES, Model

APPS = Path(__file__).parent / "apps"
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES, CLIENT_CORES = CORES[:-1] or CORES, CORES[-1:]
"""With ``Run.pinned`` the load generator has the last core, and the server all others."""
QUIET = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONUNBUFFERED": "1",
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Rows = list[dict[str, Any]]
# Per row: the label (None if the server returns none), and the probabilities.
Answer = tuple[list[Any], list[list[float]]]


class NotServedError(Exception):
    """A server can't be measured with a model; holds the reason."""


@dataclass(frozen=True)
class Run:
    """Arguments of a server's start: its folder, a model, a port, a number of workers."""

    folder: Path
    model: Model
    port: int
    workers: int
    pinned: bool = False


@dataclass(frozen=True)
class Started:
    """A command and its additional environment variables."""

    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """A body of JSON and then raw tensors."""

    content: bytes
    json_size: int


@dataclass(frozen=True)
class Server:
    """One way to serve a model over HTTP."""

    name: str
    start: Callable[[Run], Started]
    """Makes the files it needs, once or for this run, and returns its command."""
    body: Callable[[Rows], dict[str, Any] | Raw]
    answer: Callable[[Any, list[Any]], Answer] | None
    """Reads its answer; None if it predicts nothing."""
    path: str = "/predict"
    ready: str = "/ready"
    monitored: bool | None = None
    """Whether its ``/metrics`` have to count predictions; None if it is not asked."""

    def encoded(self, rows: Rows) -> tuple[bytes, dict[str, str]]:
        """The body of a request, and its headers."""
        body = self.body(rows)
        if isinstance(body, Raw):
            header = {"Inference-Header-Content-Length": str(body.json_size)}
            return body.content, {"Content-Type": "application/octet-stream", **header}
        return json.dumps(body).encode(), {"Content-Type": "application/json"}

    def launch(self, run: Run, started: Started) -> subprocess.Popen[bytes]:
        """Start it in a new process group; its output goes to ``log`` in its folder."""
        given = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        cores = SERVER_CORES if run.pinned else CORES
        threads = dict.fromkeys(THREADS, str(max(1, len(cores) // run.workers)))
        mine = {
            "PATH": f"{Path(started.command[0]).parent}:{os.defpath}",
            "PEER_HOST": "127.0.0.1",
            "PEER_MODEL": str(run.model.file),
            "PEER_PORT": str(run.port),
            "PEER_WORKERS": str(run.workers),
            "PYTHONPATH": f"{RECIPES.parent}:{APPS}",
        }
        with (run.folder / "log").open("wb") as log:
            return subprocess.Popen(
                on_cores(cores, started.command),
                cwd=run.folder,
                env={**given, **QUIET, **threads, **mine, **started.variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def on_cores(cores: list[int], command: list[str]) -> list[str]:
    """``command`` with all its processes on ``cores``."""
    return ["/usr/bin/taskset", "-c", ",".join(map(str, cores)), *command]
