"""Real model processes for tests, without a server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from modelhost.columns import ColumnSpec
from modelhost.wire import Message, receive, send
from serving.prediction.model_client import ModelClient
from serving.prediction.request_limit import RequestLimit
from serving.processes.private_socket import PrivateSocket

T = TypeVar("T")
TOP = Path(__file__).parents[2]
LIMITS = {"max_rows": 1_000, "max_requests": 64, "max_payload": 1 << 30}
ANSWER_SECONDS = 20.0


@dataclass
class RunningHost:
    """A model process; ``restart`` starts another on the same socket."""

    start: Callable[[], subprocess.Popen[bytes]]
    own: PrivateSocket
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.process = self.start()

    @property
    def address(self) -> str:
        return self.own.address

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
    own = PrivateSocket.make(folder, "model-1")
    listening = own.listening.fileno()

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

    host = RunningHost(start, own)
    try:
        yield host
    finally:
        host.kill()
        own.listening.close()
        os.close(own.path)


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


class ClientThread:
    """A ``ModelClient`` whose event loop runs in a thread, for code that blocks."""

    def __init__(self, addresses: Sequence[str], limit: int = 64) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.request_limit = RequestLimit(limit)
        self.client = ModelClient(addresses, self.request_limit)
        self._loop.call_soon_threadsafe(self.client.start)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that runs in the client's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def close(self) -> None:
        async def closed() -> None:
            self.client.close()
            await asyncio.gather(*self.client._tasks, return_exceptions=True)

        self.run(closed())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
