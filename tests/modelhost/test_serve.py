"""A serving process answers all connections, whatever the model or a worker does."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from model_hosts import RunningHost, ask, model_host, prediction

from modelhost.columns import ColumnSpec
from modelhost.errors import EXIT_OUT_OF_MEMORY
from modelhost.wire import Message, WireError, receive, send

pytestmark = pytest.mark.slow

HOSTILE = """
import ctypes
import os
import subprocess
import sys
import threading
import time

class Predictor:
    classes_ = ["good"]
    sizes = []

    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        self.sizes.append(len(frame))
        for code in frame["code"]:
            self.do(code)
        return ["good"] * len(frame)

    def do(self, code):
        if code == 1:
            raise RuntimeError("a secret of the model")
        if code == 2:
            raise SystemExit("the model exits")
        if code == 3:
            print("noise", flush=True)
            os.write(1, b"more noise")
        if code == 4:
            open("began", "w").close()
            while not os.path.exists("may_end"):
                time.sleep(0.01)
        if code == 5 and os.fork() == 0:
            time.sleep(0.2)
            return
        if code == 6 and os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        if code == 7:
            threading.Thread(target=time.sleep, args=(30,)).start()
        if code == 8:
            subprocess.Popen(["sleep", "30"])
        if code == 9:
            raise MemoryError
        if code == 10:
            os._exit(3)
        if code == 11:
            os.kill(os.getpid(), 9)
        if code == 12:
            ctypes.string_at(0)
        if code == 13:
            nested = []
            for _ in range(200_000):
                nested = [nested]
            sys.setrecursionlimit(10 ** 9)
            repr(nested)
        if code == 14:
            for number in range(3, 64):
                try:
                    os.write(number, b"garbage" * 10)
                except OSError:
                    pass
        if code == 15:
            raise KeyboardInterrupt
        if code == 16:
            broken.append(True)
        if broken:
            raise RuntimeError("a secret of the model")

broken = []
"""
CODE = ColumnSpec("code", "integer", "int64")
KNOWN = {"columns": [{"as": "json", "values": [0]}], "buffers": []}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    with model_host(tmp_path_factory.mktemp("host"), HOSTILE, [CODE], known=KNOWN) as running:
        yield running


@pytest.fixture
def connection(host: RunningHost) -> Iterator[socket.socket]:
    if host.process.poll() is not None:
        host.restart()
    with host.connect() as made:
        yield made


@contextmanager
def busy(host: RunningHost, connection: socket.socket) -> Iterator[None]:
    """Request 1 of a connection is being predicted until the end of the block."""
    code = Path(os.readlink(f"/proc/{host.process.pid}/cwd"))
    began, may_end = code / "began", code / "may_end"
    for file in (began, may_end):
        file.unlink(missing_ok=True)
    send(connection, Message(prediction(1, [4])))
    until = time.monotonic() + 60
    while not began.exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    try:
        yield
    finally:
        may_end.touch()


def good(connection: socket.socket, *codes: int) -> dict[str, Any]:
    answer = ask(connection, prediction(1, list(codes)))
    assert answer["labels"] == {"as": "json", "values": ["good"] * len(codes)}
    return answer


def ended(connection: socket.socket) -> bool:
    """Whether the other side has closed the connection, maybe within a message."""
    try:
        while receive(connection) is not None:
            pass
    except (OSError, WireError):
        pass
    return True


def test_it_answers_with_the_number_of_the_request(connection: socket.socket) -> None:
    assert ask(connection, prediction(77, [0, 0]))["id"] == 77


@pytest.mark.parametrize("code", [1, 2, 15])
def test_a_row_that_the_model_raises_on_is_found(connection: socket.socket, code: int) -> None:
    answer = ask(connection, prediction(1, [0, 0, code, 0]))
    assert (answer["refused"]["first"], answer["refused"]["last"]) == (2, 2)
    said = "\n".join(answer["refused"]["said"])
    assert "served.py" in said
    assert "secret" not in said


def test_requests_that_wait_are_predicted_together_and_fail_alone(
    host: RunningHost, connection: socket.socket
) -> None:
    with host.connect() as other:
        with busy(host, other):
            for number, code in ((2, 0), (3, 1), (4, 0)):
                send(connection, Message(prediction(number, [code])))
        answers = [receive(connection) for _ in range(3)]
    assert [one.header["id"] for one in answers if one] == [2, 3, 4]
    assert [sorted(one.header.keys() & {"labels", "refused"}) for one in answers if one] == [
        ["labels"],
        ["refused"],
        ["labels"],
    ]


def test_predictions_of_a_batch_come_in_one_message_to_each_connection(
    host: RunningHost, connection: socket.socket
) -> None:
    with host.connect() as other, host.connect() as third:
        with busy(host, other):
            for number, codes in ((2, [0, 0]), (3, [0])):
                send(connection, Message(prediction(number, codes)))
            send(third, Message(prediction(9, [0])))
        together, alone = receive(connection), receive(third)
    assert together is not None
    assert (together.header["ids"], together.header["counts"]) == ([2, 3], [2, 1])
    assert together.header["labels"]["values"] == 3 * ["good"]
    assert alone is not None
    assert alone.header["id"] == 9


def test_a_cancelled_request_and_one_whose_deadline_has_passed_are_not_predicted(
    host: RunningHost, connection: socket.socket
) -> None:
    with busy(host, connection):
        send(connection, Message(prediction(2, [10])))  # it would end the process
        send(connection, Message({"verb": "cancel", "id": 2}))
        send(connection, Message(prediction(3, [10], deadline=time.monotonic_ns())))
    answers = [receive(connection) for _ in range(3)]
    skipped = {one.header["id"]: one.header.get("skipped") for one in answers if one}
    assert skipped == {1: None, 2: "cancelled", 3: "deadline"}


def test_requests_of_a_connection_that_was_closed_are_not_predicted(
    host: RunningHost, connection: socket.socket
) -> None:
    with ExitStack() as ended_last, host.connect() as other:
        ended_last.enter_context(busy(host, other))
        send(other, Message(prediction(2, [10])))
    good(connection, 0)
    assert host.process.poll() is None


@pytest.mark.parametrize("code", [3, 5, 6, 7, 8])
def test_noise_forks_threads_and_processes_of_the_model_do_no_harm(
    host: RunningHost, connection: socket.socket, code: int
) -> None:
    good(connection, code)
    time.sleep(0.3)  # a child that has returned from predict would answer, too
    good(connection, 0)
    connection.settimeout(0.1)
    with pytest.raises(socket.timeout):
        connection.recv(1)
    with host.connect() as other:
        good(other, 0)


@pytest.mark.parametrize(
    "sent", [b"garbage", b"MHW1" + b"\xff" * 12, b"MHW1\x02\0\0\0" + b"\0" * 8 + b"[]"]
)
def test_garbage_ends_its_own_connection_only(
    host: RunningHost, connection: socket.socket, sent: bytes
) -> None:
    with host.connect() as other:
        other.sendall(sent * 3)
        assert ended(other)
    good(connection, 0)


@pytest.mark.parametrize(
    "header",
    [
        {"verb": "predict", "id": 1, "rows": 2, "columns": [{"as": "json", "values": [0]}]},
        {"verb": "predict", "id": 1, "rows": "2", "columns": []},
        {"verb": "predict", "id": 1, "rows": 1, "columns": []},
        {"verb": "call", "id": 1},
        {"verb": "other", "id": 1},
        {"id": 1},
    ],
)
def test_a_request_of_another_form_ends_its_own_connection_only(
    host: RunningHost, connection: socket.socket, header: dict[str, Any]
) -> None:
    with host.connect() as other:
        send(other, Message(header))
        assert ended(other)
    good(connection, 0)


def test_a_worker_that_reads_nothing_delays_no_other(
    host: RunningHost, connection: socket.socket
) -> None:
    with host.connect() as silent:
        silent.setblocking(False)
        for number in range(40):  # answers beyond what the sockets hold
            try:
                send(silent, Message(prediction(number, [0] * 1_000)))
            except BlockingIOError:
                break
        good(connection, 0)


def test_a_model_that_runs_out_of_memory_answers_and_ends(
    host: RunningHost, connection: socket.socket
) -> None:
    answer = ask(connection, prediction(1, [9]))
    assert answer["broken"]["memory"] is True
    assert answer["broken"]["said"][0].startswith("MemoryError < ")
    assert host.process.wait(60) == EXIT_OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [(10, 3), (11, -signal.SIGKILL), (12, -signal.SIGSEGV), (13, -signal.SIGSEGV)],
)
def test_a_process_that_ends_closes_its_connections_and_another_takes_its_place(
    host: RunningHost, connection: socket.socket, code: int, exit_code: int
) -> None:
    send(connection, Message(prediction(1, [code])))
    assert ended(connection)
    assert host.process.wait(60) == exit_code
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as early:
        early.connect(host.address)  # it waits for the process
        host.restart()
        with host.connect() as made:
            good(made, 0)


def test_a_model_that_fails_on_its_known_row_is_broken(
    host: RunningHost, connection: socket.socket
) -> None:
    answer = ask(connection, prediction(1, [16]))
    assert answer["broken"]["memory"] is False
    assert "secret" not in str(answer)
    host.kill()


def test_a_loading_error_is_reported(tmp_path: Path) -> None:
    failure, stacks = os.memfd_create("failure"), os.memfd_create("stacks")
    notes = {"MODELHOST_NOTES": f"{failure}:{stacks}"}
    source = "class Predictor: pass"
    with model_host(tmp_path, source, [CODE], environment=notes, keep=[failure, stacks]) as running:
        assert running.process.wait(60) == 2
    message, hint = json.loads(os.pread(failure, 10_000, 0))
    assert message.endswith("expected 'served:Predictor' to have load(path), which it lacks")
    assert hint == "add a classmethod load(path) that returns a predictor"
    os.close(failure)
    os.close(stacks)
