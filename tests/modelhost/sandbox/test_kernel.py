"""What the kernel denies a worker process on this machine."""

from __future__ import annotations

import errno
import os
import platform
import socket
from pathlib import Path
from textwrap import indent

import pytest
from sandboxed_programs import FILES, attempt

from modelhost.sandbox import landlock, seccomp
from modelhost.sandbox.kernel import AUDIT_HOOK_ONLY, CONFINEMENT
from modelhost.sandbox.network import ISOLATION, describe_isolation

CLONE = 220 if platform.machine() == "aarch64" else 56
FILTER = pytest.mark.skipif(not seccomp.available(), reason="no seccomp here")

NO_NAMESPACE = """
from modelhost.sandbox import kernel
def refused(): raise OSError(1, "Operation not permitted")
kernel._enter_empty_network = refused
"""


UNIX = """
place = str(Path("s").absolute())
try:
    socket.socket(socket.AF_UNIX)
except PermissionError:
    print("refused")
print(len(socket.socketpair()))
"""


CONNECT = """
address = (2).to_bytes(2, sys.byteorder) + (9).to_bytes(2, "big") + bytes([10, 1, 2, 3]) + bytes(8)
sock = socket.socket()
print("reached" if libc.connect(sock.fileno(), address, 16) == 0 else "refused")
datagram = socket.socket(type=socket.SOCK_DGRAM)
print(libc.sendto(datagram.fileno(), b"x", 1, 0, address, 16))
"""


@pytest.mark.slow
@FILTER
@pytest.mark.parametrize("before", ["", NO_NAMESPACE], ids=["namespace", "filter alone"])
def test_no_socket_reaches_anybody_whatever_code_opens_it(tmp_path: Path, before: str) -> None:
    assert attempt(tmp_path, UNIX + CONNECT, before) == "refused\n2\nrefused\n-1"


DATAGRAMS = """
near = socket.socketpair(socket.AF_UNIX, {kind})[0]
for send in (lambda: near.sendto(b"x", {address!r}), lambda: near.connect({address!r})):
    try:
        send()
        print("reached")
    except OSError:
        print("refused")
"""


@FILTER
@pytest.mark.parametrize("kind", ["socket.SOCK_DGRAM", "socket.SOCK_DGRAM | 0x80000", "3", "5"])
def test_no_socket_of_a_pair_speaks_to_another(tmp_path: Path, kind: str) -> None:
    address = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        code = DATAGRAMS.format(kind=kind, address=address)
        guarded = f"try:\n{indent(code, ' ')}except PermissionError:\n print('refused\\nrefused')"
        assert attempt(tmp_path, guarded) == "refused\nrefused"


@FILES
def test_no_terminal_of_the_user_is_read_or_written(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    try:
        said = attempt(tmp_path, f"print(libc.open({os.ttyname(theirs).encode()!r}, 2))")
    finally:
        os.close(ours), os.close(theirs)
    assert said == "-1"


@FILTER
@pytest.mark.parametrize(
    "call",
    [
        "libc.ptrace(16, os.getppid(), 0, 0)",
        "libc.unshare(0x10000000)",
        "libc.setns(0, 0)",
        "libc.prlimit(os.getppid(), 0, (ctypes.c_uint64 * 2)(1, 1), None)",
        "libc.inotify_add_watch(libc.inotify_init(), b'/root', 0xfff)",
        f"libc.syscall({CLONE}, 0x10000011, 0, 0, 0, 0)",
    ],
)
def test_other_processes_and_namespaces_are_out_of_reach(tmp_path: Path, call: str) -> None:
    code = f"print({call}, ctypes.get_errno())"
    assert attempt(tmp_path, code) == f"-1 {errno.EPERM}"


@FILES
@FILTER
def test_the_report_names_what_stands(tmp_path: Path) -> None:
    said = attempt(tmp_path, "print(describe_isolation())")
    assert "'where': 'process'" in said
    assert f"kernel (Landlock {landlock.abi()}" in said
    assert AUDIT_HOOK_ONLY not in said


LINE = "from modelhost.sandbox.network import isolation_line; "
LINE += "print(isolation_line(describe_isolation()))"


@pytest.mark.slow
@FILES
@FILTER
def test_one_line_names_each_measure_or_why_there_is_none(tmp_path: Path) -> None:
    begins = f"process (Landlock ABI {landlock.abi()}, seccomp, "
    told = attempt(tmp_path / "own", LINE)
    assert told.startswith((f"{begins}network namespace)", f"{begins}no network namespace ("))
    without = "no network namespace (Operation not permitted))"
    assert attempt(tmp_path / "refused", LINE, NO_NAMESPACE) == f"{begins}{without}"
    old = "from modelhost.sandbox import landlock, seccomp\nlandlock.abi = lambda: 1\n"
    old += "seccomp.available = lambda: False\n"
    told = attempt(tmp_path / "old", LINE, old)
    assert told.startswith("process (no Landlock (ABI 1, expected 2), no seccomp (not known for ")


def test_where_the_kernel_offers_nothing_the_report_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(CONFINEMENT, raising=False)
    monkeypatch.setenv(ISOLATION, "process")
    told = describe_isolation()
    assert told["measures"] == "; ".join(
        [f"no {name} (not tried)" for name in ("Landlock", "seccomp", "network namespace")]
    ).replace("; ", ", ")
    assert told["files"] == told["network"] == AUDIT_HOOK_ONLY
    assert told["processes"] == "not isolated"
    monkeypatch.setenv(ISOLATION, "container")
    assert describe_isolation()["network"] == "container without network"
