"""The processes of a server."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.feedback.stores import KEY_DESCRIPTOR
from serving.prediction.model_table import ModelTable
from serving.prediction.package_files import PackageFiles
from serving.processes.child import Child
from serving.processes.private_socket import PrivateSocket
from serving.processes.resources import metrics_folder
from serving.processes.shared_descriptors import SharedNotes
from serving.processes.watchdog import Watchdog
from serving.settings import Settings
from serving.worker import ServingWorker


@dataclass(frozen=True)
class SharedResources:
    """The resources that the workers of a server share."""

    listening: socket.socket
    table: int
    """The descriptor of the worker table."""
    models: Sequence[PrivateSocket]
    board: ModelTable
    shadow: PrivateSocket | None = None
    """Of the shadow process; None without a shadow."""
    grpc: socket.socket | None = None
    """Of the gRPC port; None without one."""


def children_of(settings: Settings, files: PackageFiles, shared: SharedResources) -> list[Child]:
    """The workers."""
    numbers = range(1, (settings.workers or files.manifest.serve.workers) + 1)
    return [_worker(number, settings, files, shared) for number in numbers]


def compiled_check_child(home: Path, models: Sequence[PrivateSocket]) -> Child:
    """The process that asks the model again; its socket is in ``home``."""
    command = [sys.executable, "-m", "serving.compiled_check.checker", str(home)]
    command += [model.address for model in models]
    inherited = [model.path for model in models]
    return Child("the checker of compiled answers", command, os.environ, inherited)


def _worker(number: int, settings: Settings, files: PackageFiles, shared: SharedResources) -> Child:
    listening, table, models = shared.listening, shared.table, shared.models
    notes = SharedNotes.make()
    key = os.environ.get(KEY_DESCRIPTOR)
    descriptors = [listening.fileno(), table, notes.failure, notes.stacks]
    descriptors += [model.path for model in models]
    if shared.grpc is not None:
        descriptors.append(shared.grpc.fileno())
    if shared.shadow is not None:
        descriptors.append(shared.shadow.path)
    addresses = [model.address for model in models]
    worker = ServingWorker(
        number,
        settings,
        files,
        listening,
        shared.grpc,
        addresses,
        shared.board,
        "" if shared.shadow is None else shared.shadow.address,
        table,
        notes,
        metrics_folder(),
        os.getpid(),
    )
    return Child(
        name=f"worker {number}",
        run=worker.run,
        descriptors=[*descriptors, int(key)] if key else descriptors,
        slot=number,
        notes=notes,
        watchdog=Watchdog(settings.hang_seconds, settings.deadline_seconds),
    )
