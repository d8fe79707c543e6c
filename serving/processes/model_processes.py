"""The processes that run the package's model, and the sockets by which workers ask them."""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from modelhost.columns import ColumnSpec, encode_values
from packager.data.rows.request_rows import RowError
from packager.model.integrity import check_before_loading
from serving.http.worker_table import HeartbeatRecord
from serving.prediction.native_model import MAX_REQUEST_BYTES, neutral_row
from serving.prediction.package_files import PackageFiles
from serving.processes.child import Child
from serving.processes.confinement import ModelConfinement
from serving.processes.model_environment import (
    model_command,
    model_environment,
    model_folders,
    processes_of,
)
from serving.processes.private_socket import PrivateSocket
from serving.processes.shared_descriptors import SharedNotes
from serving.processes.watchdog import Watchdog
from serving.settings import Settings

CHECK_REQUESTS = 16
"""Requests of the compiled check that may wait, beside those of the workers."""


def model_sockets(files: PackageFiles, folder: Path) -> list[PrivateSocket]:
    """One socket for each model process; raises ``OSError``."""
    return [
        PrivateSocket.make(folder, f"model-{number}")
        for number in range(1, processes_of(files.manifest.serve) + 1)
    ]


def model_children(
    settings: Settings,
    files: PackageFiles,
    sockets: Sequence[PrivateSocket],
    variables: Mapping[str, str],
    home: Path,
    outputs: Callable[[], tuple[int, int]] = lambda: (1, 2),
) -> list[Child]:
    """The model processes; ``variables``: the variables that the server was started with.

    ``outputs`` gives standard output and error for each.

    Each gets a folder in ``home``, the only one that it may write to.
    """
    spec = os.memfd_create("model", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(spec, json.dumps(model_spec(settings, files)).encode())
    # Else the model could change what the next process reads.
    fcntl.fcntl(spec, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK)
    children = [
        _child(number, settings, (one, spec), _confined(number, settings, files, variables, home))
        for number, one in enumerate(sockets, start=1)
    ]
    for child in children:
        child.outputs = outputs()
        # A folder that is mounted may change while the server runs.
        child.check = partial(check_before_loading, files.manifest, settings.root)
    return children


def model_spec(settings: Settings, files: PackageFiles) -> dict[str, Any]:
    """The package's specification for ``python -m modelhost serve`` (:mod:`modelhost.serve`)."""
    manifest = files.manifest
    features = manifest.schema_.features
    workers = settings.workers or manifest.serve.workers
    rows = [*files.golden.rows] if files.golden is not None else []
    return {
        "path": str(settings.root.model),
        "predictor": manifest.serve.predictor,
        "loader": manifest.serve.loader,
        "pickle_allow": manifest.serve.pickle_allow,
        "classes": manifest.serve.classes,
        "task": manifest.task,
        "takes": manifest.serve.features,
        "outputs": [output.spec.as_json() for output in manifest.schema_.outputs],
        "specs": [ColumnSpec.of(column).as_json() for column in features],
        "known": _first_row(files, rows),
        "plain": _first_row(files, [neutral_row(features)]),
        "member_bins": files.members.bins(),
        "limits": {
            "max_rows": settings.max_batch_rows,
            "max_requests": settings.max_queue * workers + CHECK_REQUESTS,
            "max_payload": MAX_REQUEST_BYTES,
        },
    }


def _first_row(files: PackageFiles, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The features of the first row, encoded; None if there is none, or it would be refused."""
    try:
        checked = files.checker.check(rows[:1]) if rows else None
    except RowError:
        return None
    if checked is None:
        return None
    features = files.manifest.schema_.features
    encoded = encode_values([column[:1] for column in checked.columns], features, 1)
    buffers = [base64.b64encode(buffer).decode() for buffer in encoded.buffers]
    return {"columns": encoded.described, "buffers": buffers}


@dataclass(frozen=True)
class _Confined:
    """The variables and restrictions of a model process."""

    environment: Mapping[str, str]
    confine: ModelConfinement


def _confined(
    number: int, settings: Settings, files: PackageFiles, variables: Mapping[str, str], home: Path
) -> _Confined:
    scratch = home / f"model-{number}-files"
    scratch.mkdir(mode=0o700)
    root, network = settings.root, files.manifest.serve.network
    environment = model_environment(
        root,
        variables,
        scratch,
        processes_of(files.manifest.serve),
        network=network,
        members=settings.member_urls,
    )
    restrictions = ModelConfinement(
        root.path, model_folders(root), (scratch,), network, settings.process_memory
    )
    return _Confined(environment, restrictions)


def _child(
    number: int,
    settings: Settings,
    own: tuple[PrivateSocket, int],
    confined: _Confined,
) -> Child:
    """The process that accepts from the socket of ``own`` and reads the specification in it."""
    notes, heartbeat = SharedNotes.make(), HeartbeatRecord()
    listening, spec = own[0].listening.fileno(), own[1]
    return Child(
        name=f"model process {number}",
        command=model_command(),
        environment={
            **confined.environment,
            "MODELHOST_FD": str(listening),
            "MODELHOST_SPEC": f"/proc/self/fd/{spec}",
            "MODELHOST_HEARTBEAT": f"{heartbeat.descriptor}:0",
            "MODELHOST_NOTES": f"{notes.failure}:{notes.stacks}",
        },
        descriptors=[listening, spec, heartbeat.descriptor, notes.failure, notes.stacks],
        notes=notes,
        watchdog=Watchdog(settings.hang_seconds, settings.deadline_seconds),
        heartbeat=heartbeat,
        model=number,
        mark=confined.environment["TMPDIR"],
        confine=confined.confine,
        memory=settings.process_memory,
        trigger=listening if settings.native == "lazy" else None,
    )
