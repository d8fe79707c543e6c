"""``python -m serving``: loads the package, forks workers and supervises them."""

from __future__ import annotations

# isort: off
from serving.processes import early_end  # noqa: F401  # before all that takes time

# isort: on
import gc
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from modelhost.exceptions import describe_exception
from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Manifest
from packager.model.integrity import check_before_loading
from serving.compiled_check import sampler
from serving.feedback import stores
from serving.http import logs
from serving.http.auth import ApiKeys
from serving.platforms import DEFAULT_GRPC_PORT
from serving.processes import log_lines, resources
from serving.processes.model_environment import THREADS
from serving.processes.remote_members import check_remote_members
from serving.settings import GRPC_PORT, Settings
from serving.signed_root import check_required_signature

if TYPE_CHECKING:
    from serving.processes.child import Child
    from serving.processes.private_socket import PrivateSocket

END_SECONDS = 30.0
"""Seconds that workers may take to end, beyond the deadline of a request."""


def main(readers: log_lines.Readers) -> int:
    """Serve until a signal arrives; return the exit code."""
    try:
        settings = Settings.from_environment()
        manifest = Manifest.load(settings.root.package / "manifest.json")
        check_required_signature(manifest)
        check_before_loading(manifest, settings.root)
        check_remote_members(settings.member_urls, manifest)
        if settings.keys_file is not None:
            ApiKeys(settings.keys_file)  # a bad file is an error before any process starts
        return _supervise(settings, manifest, readers)
    except PackageError as error:
        logs.log_line(logging.ERROR, error.message, hint=error.hint)
        return error.exit_code


def _supervise(settings: Settings, manifest: Manifest, readers: log_lines.Readers) -> int:
    """Run the workers until a signal arrives, with a temporary folder that is removed at exit."""
    try:
        with tempfile.TemporaryDirectory(
            prefix="model-server-", ignore_cleanup_errors=True
        ) as home:
            return _serve(settings, manifest, Path(home), readers)
    except OSError as error:
        raise PackageError(
            f"the server can't start: {error}",
            "it needs a folder with some MB of free space: /tmp, or the one that TMPDIR names; "
            "in a container with a read-only root: docker run --tmpfs /tmp",
        ) from error


def _serve(settings: Settings, manifest: Manifest, home: Path, readers: log_lines.Readers) -> int:
    for note in stores.prepare(settings.feedback, manifest.name, home):
        logs.log_line(logging.INFO, note)
    settings = Settings.from_environment()  # with what was prepared
    variables = dict(os.environ)
    os.environ.update(dict.fromkeys(THREADS, "1"))  # a process that forks has a single thread
    os.environ.setdefault("BENTOML_HOME", str(home))
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    checked = settings.compiled_check_ratio > 0 and manifest.compiled.verdict == "equal"
    if checked:
        os.environ[sampler.COMPILED_CHECK_DIR] = str(home)
    logs.to_json()
    resources.make_metrics_folder()
    with resources.locked_folder(home), _sockets(settings, manifest) as (listening, grpc):
        # After the variables that NumPy and prometheus_client read at import.
        from monitoring.metrics.restarts import RestartCounts
        from serving.http.worker_table import Heartbeats, make_table
        from serving.prediction.model_table import ModelTable
        from serving.prediction.package_files import PackageFiles
        from serving.processes.children import SharedResources, children_of, compiled_check_child
        from serving.processes.model_processes import model_children, model_sockets
        from serving.processes.private_socket import PrivateSocket
        from serving.processes.supervisor import Supervisor
        from serving.worker import check_libraries

        check_libraries()
        files = PackageFiles.load(manifest, settings.root)
        if files.compiled is None or files.compiled.needs_model:
            settings = replace(settings, native="eager")  # each row needs the model
        table = make_table()
        models = model_sockets(files, home)
        board = ModelTable(len(models))
        shadow = None if settings.shadow is None else PrivateSocket.make(home, "shadow")
        processes = [
            *children_of(
                settings, files, SharedResources(listening, table, models, board, shadow, grpc)
            ),
            *model_children(settings, files, models, variables, home, readers.channels),
        ]
        processes += _beside(settings, manifest, shadow)
        if checked:
            processes.append(compiled_check_child(home, models))
        counts = RestartCounts(resources.metrics_folder(), manifest.name, manifest.tag)
        end_seconds = settings.deadline_seconds + END_SECONDS
        # Pages with objects of the collector would be copied in each worker.
        gc.collect()
        gc.freeze()
        Supervisor(processes, Heartbeats(table), counts, end_seconds, readers.paused, board).run()
    return 0


@contextmanager
def _sockets(
    settings: Settings, manifest: Manifest
) -> Iterator[tuple[socket.socket, socket.socket | None]]:
    """The sockets of HTTP and of gRPC, which may be None."""
    with (
        resources.listen_on(settings.host, settings.port) as listening,
        _grpc_socket(settings, manifest) as grpc,
    ):
        yield listening, grpc


def _grpc_socket(
    settings: Settings, manifest: Manifest
) -> AbstractContextManager[socket.socket | None]:
    """The socket of the gRPC port, if the package has one and it isn't off."""
    port = settings.grpc_port
    if not manifest.serve.grpc:
        if isinstance(port, int):
            raise UsageError(
                f"{GRPC_PORT}: expected a package with gRPC, got {manifest.name} without",
                "set `grpc = true` in [serve] of package.toml and build again, or unset the "
                "variable",
            )
        return nullcontext()
    if port == "off":
        return nullcontext()
    import serving.grpc.port  # noqa: F401  # the workers share what is imported before the fork

    return resources.listen_on(settings.host, port or DEFAULT_GRPC_PORT, GRPC_PORT)


def _beside(
    settings: Settings, manifest: Manifest, shadow: PrivateSocket | None
) -> Iterator[Child]:
    """The processes beside workers and models that settings ask for."""
    if settings.shadow is not None and shadow is not None:
        from serving.shadow.process import shadow_child

        yield shadow_child(settings, settings.shadow, manifest, shadow)
    if settings.push is not None:
        from serving.push.process import push_child

        yield push_child(settings.push, manifest, resources.metrics_folder())


if __name__ == "__main__":
    with log_lines.json_lines() as readers:
        try:
            code = main(readers)
        except Exception as error:
            fields = {"exception": describe_exception(error)}
            logs.log_line(logging.CRITICAL, f"the server ends: {error}", **fields)
            code = 1
    sys.exit(code)
