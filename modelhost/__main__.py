"""``python -m modelhost work|fork|serve|features``: runs in the model's environment.

``work`` answers one harness; the connection is the descriptor that ``MODELHOST_FD`` names, and
``MODELHOST_CONFINEMENT`` says what the process may use, and it ends with the process that
``MODELHOST_PARENT`` names. ``fork`` starts such processes (:mod:`modelhost.fork_server`). ``serve``
answers the workers of a server (:mod:`modelhost.serve`); there the descriptor is a listening
socket, ``MODELHOST_SPEC`` is the path of a JSON file (path, predictor, loader, task and classes of
the model; specs of its columns; a known and a made-up row; limits), ``MODELHOST_HEARTBEAT`` is
``descriptor:offset`` (:mod:`modelhost.heartbeat`), ``MODELHOST_NOTES`` is
``descriptor:descriptor``: files for a loading error and for the stacks of threads at SIGUSR2;
``MODELHOST_NETWORK=off`` refuses the network to Python code. What the project's code prints while
it works goes to stderr. ``features`` writes what NumPy knows of the processor to stdout
(:mod:`modelhost.cpu_features`).
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import socket
import sys

from modelhost.collection import rare_collections
from modelhost.confinement import VARIABLE, confine_by_kernel, confine_from_environment
from modelhost.parent_process import end_with_starter

DESCRIPTOR, SPEC, HEARTBEAT, NOTES = (
    "MODELHOST_FD",
    "MODELHOST_SPEC",
    "MODELHOST_HEARTBEAT",
    "MODELHOST_NOTES",
)
NETWORK = "MODELHOST_NETWORK"
USAGE = "usage: python -m modelhost work|fork|serve|features\n"


def main(arguments: list[str]) -> int:
    """Run the mode that ``arguments`` name; return the exit code."""
    if arguments == ["features"]:
        from modelhost.cpu_features import numpy_features

        sys.stdout.write(json.dumps(numpy_features()._asdict()))
        return 0
    if arguments not in (["work"], ["fork"], ["serve"]):
        sys.stderr.write(USAGE)
        return 2
    connection = socket.socket(fileno=int(os.environ.pop(DESCRIPTOR)))
    if os.environ.pop(NETWORK, "on") == "off":
        from modelhost.sandbox.network import FOR_SERVING, refuse_network

        refuse_network("the model", FOR_SERVING)
    if arguments == ["work"]:
        code = _work(connection)
        if code:
            sys.stderr.flush()
            os._exit(code)  # threads that the model has left must not keep the process
        return 0
    if arguments == ["fork"]:
        from modelhost.fork_server import LIBRARIES, preload, serve_forks

        end_with_starter()
        if not confine_by_kernel():
            return 0  # libraries are imported by processes that have the hooks
        with rare_collections():
            preload(json.loads(os.environ.pop(LIBRARIES)))
            import modelhost.session  # noqa: F401

        return serve_forks(connection, _work_confined)
    code = _serve(connection)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads that the model has left must not keep the process


def _work(connection: socket.socket) -> int:
    os.dup2(2, 1)
    end_with_starter()
    confine_from_environment()  # before libraries are imported, which could use the network
    with rare_collections():
        from modelhost.session import work

    return work(connection)


def _work_confined(connection: socket.socket, confinement: str) -> int:
    os.environ[VARIABLE] = confinement
    return _work(connection)


def _serve(listening: socket.socket) -> int:
    listening.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is meant for the server
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    failure = _notes(os.environ.pop(NOTES, None))
    spec, heartbeat = os.environ.pop(SPEC), os.environ.pop(HEARTBEAT, None)
    with rare_collections():
        from modelhost.errors import PackageError
        from modelhost.heartbeat import HostHeartbeat
        from modelhost.json_logs import to_json
        from modelhost.serve import serve

    to_json()
    own = os.getpid()
    try:
        return serve(listening, spec, HostHeartbeat(heartbeat))
    except PackageError as error:
        if failure is not None and os.getpid() == own:  # not a child that the model has forked
            os.pwrite(failure, json.dumps([error.message, error.hint]).encode(), 0)
        return error.exit_code


def _notes(value: str | None) -> int | None:
    """Enable the report of stacks; return the descriptor for a loading error."""
    if value is None:
        return None
    failure, stacks = map(int, value.split(":"))
    os.set_inheritable(failure, False)
    os.set_inheritable(stacks, False)
    faulthandler.enable(sys.stderr)
    faulthandler.register(signal.SIGUSR2, file=stacks, all_threads=True)
    return failure


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
