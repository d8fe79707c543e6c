"""The processes of a server."""

from __future__ import annotations

import os
import socket

from serving.feedback.stores import KEY_DESCRIPTOR
from serving.prediction.package_files import PackageFiles
from serving.processes.child import Child
from serving.processes.resources import metrics_folder
from serving.processes.shared_descriptors import SharedNotes
from serving.processes.watchdog import Watchdog
from serving.settings import Settings
from serving.worker import ServingWorker


def children_of(
    settings: Settings, files: PackageFiles, listening: socket.socket, table: int
) -> list[Child]:
    """The workers, which share a listening socket and a worker table."""
    numbers = range(1, (settings.workers or files.manifest.serve.workers) + 1)
    return [_worker(number, settings, files, listening, table) for number in numbers]


def _worker(
    number: int, settings: Settings, files: PackageFiles, listening: socket.socket, table: int
) -> Child:
    notes = SharedNotes.make()
    key = os.environ.get(KEY_DESCRIPTOR)
    descriptors = [listening.fileno(), table, notes.failure, notes.stacks]
    worker = ServingWorker(number, settings, files, listening, table, notes, metrics_folder())
    return Child(
        name=f"worker {number}",
        run=worker.run,
        descriptors=[*descriptors, int(key)] if key else descriptors,
        place=number,
        notes=notes,
        watchdog=Watchdog(settings.hang_seconds, settings.deadline_seconds),
    )
