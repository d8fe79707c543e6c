"""A model that does what the text of its first row says: most of it harms its own process."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from serving_helpers import Package, lay_out, make_manifest

from packager.manifest.manifest import Column, Schema, Serve

LOAD_VARIABLE = "HOSTILE_LOAD"
"""The attack that the model runs while it is loaded."""
SOURCE = '''
import ctypes
import gc
import mmap
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

ATTACKS = {}
LIBC = ctypes.CDLL(None)


def attack(function):
    ATTACKS[function.__name__] = function
    return function


def own_descriptors():
    """All descriptors but standard input, output and error."""
    return [int(one) for one in os.listdir("/proc/self/fd") if int(one) > 2]


def connections():
    """Descriptors of the connections with workers."""
    found = []
    for one in own_descriptors():
        try:
            if not stat.S_ISSOCK(os.fstat(one).st_mode):
                continue
            copy = socket.socket(fileno=os.dup(one))
            if not copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                found.append(one)
            copy.close()
        except OSError:
            pass
    return found


def the_server():
    return next(one for one in gc.get_objects() if type(one).__name__ == "Server")


@attack
def fine(): pass

@attack
def tells_its_threads():
    """The number of threads of NumPy's linear algebra, and of cores as joblib counts them."""
    import joblib, numpy, threadpoolctl
    numpy.ones((2, 2)) @ numpy.ones((2, 2))
    found = sorted({one["num_threads"] for one in threadpoolctl.threadpool_info()})
    print("threads", found, "cores", joblib.cpu_count(), flush=True)

@attack
def exits(): os._exit(7)

@attack
def kills_itself(): os.kill(os.getpid(), signal.SIGKILL)

@attack
def overflows_the_stack():
    """A recursion of C code: a callback calls itself through C."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    sys.setrecursionlimit(10**9)
    values = (ctypes.c_int * 2)(2, 1)
    def compare(_a, _b):
        inner = (ctypes.c_int * 2)(2, 1)
        LIBC.qsort(inner, 2, ctypes.sizeof(ctypes.c_int), callback)
        return 0
    callback = kind(compare)
    LIBC.qsort(values, 2, ctypes.sizeof(ctypes.c_int), callback)

@attack
def raises_later():
    """An exception in the loop of the process, after the answer."""
    def interrupt(number, frame):
        raise RuntimeError("a secret of the model")
    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)

@attack
def interrupts(): os.kill(os.getpid(), signal.SIGTERM)

@attack
def runs_out_of_memory(): raise MemoryError

@attack
def sends_garbage():
    for one in connections():
        os.write(one, b"garbage" * 100)

@attack
def sends_answers_to_nobody():
    import modelhost.wire as wire
    parts = wire.encoded(wire.Message({"id": 10**9, "labels": []}))
    for one in connections():
        os.write(one, b"".join(parts))

@attack
def sends_a_strange_id():
    import modelhost.wire as wire
    parts = wire.encoded(wire.Message({"id": [1]}))
    for one in connections():
        os.write(one, b"".join(parts))

@attack
def announces_too_much():
    """A message of a terabyte begins, which would fill the worker's memory."""
    import modelhost.wire as wire
    for one in connections():
        os.write(one, wire.PREFIX.pack(wire.MAGIC, 10, 1 << 40) + b"x" * 1000)

@attack
def cuts_a_frame_short():
    import modelhost.wire as wire
    for one in connections():
        os.write(one, wire.PREFIX.pack(wire.MAGIC, 10, 1000) + b"x" * 10)

@attack
def answers_for_other_rows():
    """The form of an answer, but for more rows than were asked."""
    labels = {"as": "json", "values": ["good"] * 99}
    instead("_answer", lambda server, request, answer: server._send(
        request.connection, message(request, labels=labels, rows=99)))

@attack
def answers_in_another_form():
    instead("_answer", lambda server, request, answer: server._send(
        request.connection, message(request, refused={"first": "x", "said": 3})))

@attack
def never_answers():
    """The loop runs on, and the answer is dropped."""
    instead("_answer", lambda server, request, answer: None)

@attack
def takes_longer_than_the_deadline(): time.sleep(3)

@attack
def segfaults(): ctypes.string_at(0)

@attack
def takes_a_second(): time.sleep(1)

@attack
def never_returns(): time.sleep(3_600)

@attack
def computes_forever():
    while True:
        pass

@attack
def stops_itself():
    os.kill(os.getpid(), signal.SIGSTOP)

@attack
def closes_its_descriptors(): os.closerange(3, 4096)

@attack
def closes_its_output(): os.closerange(1, 3)

@attack
def closes_its_connections():
    for one in connections():
        os.close(one)

@attack
def shuts_its_sockets_down():
    for one in own_descriptors():
        try:
            socket.socket(fileno=os.dup(one)).shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

@attack
def cuts_shared_memory_off():
    for one in own_descriptors():
        try:
            os.ftruncate(one, 0)
        except OSError:
            pass

@attack
def changes_signals():
    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())

@attack
def resets_signals():
    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass

@attack
def forks(): os.fork()

@attack
def forks_in_c(): LIBC.fork()

@attack
def leaves_a_daemon():
    """A process in a session of its own, which keeps all descriptors."""
    if LIBC.fork() == 0:
        os.setsid()
        if LIBC.fork() == 0:
            time.sleep(3_600)
        os._exit(0)

@attack
def leaves_a_daemon_and_exits():
    leaves_a_daemon()
    time.sleep(0.2)
    os._exit(7)

@attack
def leaves_a_program():
    sleep = [sys.executable, "-c", "import time; time.sleep(3600)"]
    subprocess.Popen(sleep, start_new_session=True)

@attack
def leaves_threads():
    for daemon in (True, False) * 20:
        threading.Thread(target=time.sleep, args=(3_600,), daemon=daemon).start()

@attack
def prints():
    sys.stdout.write("a word of the model\\\\n")
    sys.stderr.write("\\\\x00\\\\xff{]" * 100_000 + "\\\\n")
    print('{"level": "critical"')
    os.write(1, b"\\\\xff\\\\xfe" * 100_000)

@attack
def leaves_a_line_open(): os.write(2, b"no end of line")

@attack
def leaks():
    """Two gigabytes in steps, of memory that is used."""
    for _ in range(200):
        LEAKED.append(bytearray(os.urandom(1)) * (10 << 20))

@attack
def leaks_in_a_child():
    """The row is answered at once: on a busy machine a wait would end as a hang before."""
    if os.fork() == 0:
        leaks()
        time.sleep(3_600)

@attack
def leaks_shared_memory():
    for _ in range(200):
        LEAKED.append(mmap.mmap(-1, 10 << 20))
        LEAKED[-1].write(b"x" * (10 << 20))

@attack
def limits_itself():
    """A limit of its own on processor time: SIGXCPU."""
    resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
    while True:
        pass

@attack
def calls_exit(): sys.exit(3)

@attack
def raises(): raise KeyboardInterrupt("a secret of the model")

LEAKED = []


def instead(name, function):
    """The server's next call of a method does this; those that follow do what they did."""
    server = the_server()
    def once(*arguments):
        delattr(server, name)
        return function(server, *arguments)
    setattr(server, name, once)


def message(request, **header):
    import modelhost.wire as wire
    return wire.Message({"id": request.number, **header})


class Predictor:
    classes_ = ["good"]

    @classmethod
    def load(cls, path):
        name = os.environ.get("HOSTILE_LOAD", "fine")
        ATTACKS[name]()
        return cls()

    def predict(self, frame):
        for name in frame["attack"]:
            if name in ATTACKS:
                ATTACKS[name]()
        return ["good"] * len(frame)
'''.replace("\\\\", "\\")


def hostile_package(root: Path, *, workers: int = 2, processes: int | str = 1) -> Package:
    """A package with the model; every row needs it."""
    column = Column(name="attack", kind="string", dtype="object", nullable=False)
    serve = Serve(
        predictor="hostile:Predictor",
        compile="off",
        workers=workers,
        strict=False,
        processes=processes,
    )
    root.mkdir()
    lay_out(root)
    (root / "code" / "hostile.py").write_text(SOURCE)
    (root / "models" / "model").write_text("nothing is read from here")
    manifest = make_manifest(Schema(features=(column,), classes=("good",)), serve=serve)
    return Package(root, manifest, pd.DataFrame({"attack": ["fine"]}), model=None)
