"""Real model processes for tests, without a server; runs on the model host's oldest Python too."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Callable, Iterator, Mapping, Sequence

from modelhost.columns import ColumnSpec
from modelhost.wire import Message, receive, send

TOP = Path(__file__).parents[2]
LIMITS = {"max_rows": 1_000, "max_requests": 64, "max_payload": 1 << 30}
ANSWER_SECONDS = 120.0


@dataclass
class RunningHost:
    """A model process; ``restart`` starts another on the same socket."""

    start: Callable[[], subprocess.Popen[bytes]]
    address: str
    """The address for this process."""
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.process = self.start()

    def restart(self) -> None:
        """Start the process again, after the one before has ended."""
        self.kill()
        self.process = self.start()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def connect(self) -> socket.socket:
        """A connection after its greeting."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(self.address)
        greeting = receive(connection)
        assert greeting is not None
        assert greeting.header["pid"] == self.process.pid
        return connection


@contextmanager
def model_host(
    folder: Path,
    source: str,
    specs: Sequence[ColumnSpec],
    *,
    environment: Mapping[str, str] = MappingProxyType({}),
    keep: Sequence[int] = (),
    **changed: Any,
) -> Iterator[RunningHost]:
    """A process that serves ``Predictor`` of the module ``source``; ``changed``: of its spec."""
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "served.py").write_text(source)
    (folder / "model").write_text("nothing is read from here")
    spec = {
        "path": str(folder / "model"),
        "predictor": "served:Predictor",
        "loader": "joblib",
        "task": "classification",
        "outputs": [],
        "takes": "frame",
        "specs": [one.as_json() for one in specs],
        "known": None,
        "plain": None,
        "limits": LIMITS,
        **changed,
    }
    with running_host(folder, folder / "code", spec, environment, keep) as running:
        yield running


@contextmanager
def running_host(
    folder: Path,
    code: Path,
    spec: Mapping[str, Any],
    environment: Mapping[str, str] = MappingProxyType({}),
    keep: Sequence[int] = (),
) -> Iterator[RunningHost]:
    """A process that serves the model that ``spec`` describes; its files are in ``folder``."""
    (folder / "spec.json").write_text(json.dumps(spec))
    place = os.open(folder, os.O_PATH)
    address = f"/proc/self/fd/{place}/accepting"  # the folder's own path may be too long
    accepting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    accepting.bind(address)
    accepting.listen()
    listening = accepting.fileno()

    def start() -> subprocess.Popen[bytes]:
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "modelhost", "serve"],
                cwd=code,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join([str(code), str(TOP)]),
                    "MODELHOST_FD": str(listening),
                    "MODELHOST_SPEC": str(folder / "spec.json"),
                    **environment,
                },
                pass_fds=[listening, *keep],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    host = RunningHost(start, address)
    try:
        yield host
    finally:
        host.kill()
        accepting.close()
        os.unlink(address)
        os.close(place)


def ask(connection: socket.socket, header: dict[str, Any]) -> dict[str, Any]:
    """The header of the answer to one request."""
    send(connection, Message(header))
    answer = receive(connection)
    assert answer is not None
    return answer.header


def prediction(number: int, *columns: Sequence[Any], **more: Any) -> dict[str, Any]:
    """A request for the rows of ``columns``."""
    described = [{"as": "json", "values": list(values)} for values in columns]
    return {
        "verb": "predict",
        "id": number,
        "rows": len(columns[0]),
        "columns": described,
        "group": [],
        **more,
    }
