"""A worker: answers HTTP requests with the package that the supervisor has loaded.

The supervisor forks it, so that its memory is shared: it imports and loads nothing again.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from monitoring.exposition.library_check import UnsupportedLibraryError, check_library
from monitoring.exposition.worker_files import worker_name
from monitoring.metrics.registry import use_worker_files
from packager.errors import PackageError
from serving import routes
from serving.app import App
from serving.http import logs
from serving.http.server import worker_server
from serving.http.uvicorn_check import check_uvicorn
from serving.http.worker_table import Workers
from serving.prediction.model_client import ModelClient
from serving.prediction.model_table import ModelTable
from serving.prediction.package_files import PackageFiles
from serving.prediction.predictor import Predictor
from serving.processes.resources import BACKLOG
from serving.processes.shared_descriptors import SharedNotes
from serving.settings import Settings
from serving.unsupported_version import unsupported_version
from serving.viewer import viewer_of

if TYPE_CHECKING:
    from serving.grpc.port import GrpcPort

FAILED_TO_START = 3


def check_libraries() -> None:
    """Raise ``PackageError`` for a version of a library that the server can't run with."""
    check_uvicorn()
    try:
        check_library()
    except UnsupportedLibraryError as error:
        raise unsupported_version("prometheus-client", error.expected, error.got) from error


@dataclass(frozen=True)
class ServingWorker:
    """One worker of a server; ``run`` is called in its own process."""

    number: int
    settings: Settings
    files: PackageFiles
    listening: socket.socket
    grpc: socket.socket | None
    """The socket of the gRPC port."""
    models: Sequence[str]
    """Addresses of the model's processes."""
    board: ModelTable
    shadow: str
    """Address of the shadow process; empty without a shadow."""
    table: int
    notes: SharedNotes
    metrics: Path
    """The folder of counter files."""
    supervisor: int
    """The id of the process that starts it, with which it ends."""

    def run(self) -> int:
        """Serve until a signal arrives; return the exit code."""
        self.notes.dump_stacks_on_signal()
        logs.to_json()
        # Else all workers would draw the same numbers.
        random.seed()
        np.random.seed()
        # It continues the counters of the worker that had this number, before any metric is made.
        use_worker_files(worker_name(self.metrics, self.number))
        workers = Workers(self.table, self.number)
        viewer = viewer_of(self.settings, self.files.manifest)
        board = self.board.of_worker(self.number)
        app = App(viewer, self.settings, self._load, self.models, workers.busy, board)
        app.shadow_address = self.shadow
        server = worker_server(app, workers, BACKLOG, self.supervisor)
        server.grpc = self._grpc_port(app)
        server.run(sockets=[self.listening])
        return 0 if server.started else FAILED_TO_START

    def _grpc_port(self, app: App) -> GrpcPort | None:
        """The port of gRPC; None if the package has none."""
        if self.grpc is None:
            return None
        from serving.grpc.port import GrpcPort

        return GrpcPort(self.grpc, app.grpc_service())

    def _load(self, client: ModelClient) -> Predictor:
        """The predictor; a worker that can't have one ends the whole server."""
        try:
            return Predictor.load(self.settings, self.files, routes.MEASURED, client)
        except PackageError as error:
            self.notes.report(error)
            raise
