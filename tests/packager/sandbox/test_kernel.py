"""What the kernel refuses a worker in a process of this machine."""

from __future__ import annotations

import errno
import os
import platform
import socket
import struct
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

from packager.sandbox import landlock, seccomp
from packager.sandbox.kernel import AUDIT_HOOK_ONLY, CONFINEMENT
from packager.sandbox.network import ISOLATION, describe_isolation

FILES = pytest.mark.skipif(landlock.abi() < landlock.MIN_ABI, reason="no Landlock here")
CLONE = 220 if platform.machine() == "aarch64" else 56
FILTER = pytest.mark.skipif(not seccomp.available(), reason="no seccomp here")

PROGRAM = """
import ctypes, os, socket, subprocess, sys
from pathlib import Path
from packager.sandbox.network import block_network, describe_isolation
from packager.sandbox.file_access import refuse_by_kernel
top = Path(sys.argv[1])
{before}
block_network("the recipe")
refuse_by_kernel(top / "root", training=True)
libc = ctypes.CDLL(None, use_errno=True)
def read(path):
    place = libc.open(os.fsencode(path), 0)
    return os.read(place, 9).decode() if place >= 0 else "refused"
{code}
"""
NO_NAMESPACE = """
from packager.sandbox import kernel
def refused(): raise OSError(1, "Operation not permitted")
kernel._enter_empty_network = refused
"""


def attempt(top: Path, code: str, before: str = "") -> str:
    """What ``code`` prints behind the walls; ``top``/root is the package's, ``top``/out.txt not."""
    for name in ("root/code", "root/models", "root/tmp"):
        (top / name).mkdir(parents=True)
    (top / "out.txt").write_text("outside")
    (top / "root/models/model").write_text("recorded")
    (top / "root/code/own.txt").write_text("own")
    own = {"TMPDIR": str(top / "root/tmp"), "HOME": str(top / "root/tmp")}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(code=code, before=before), top],
        cwd=top / "root/code",
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(filter(None, sys.path)), **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@FILES
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print(read(top / 'root/code/own.txt'))", "own"),
        ("print(read(top / 'out.txt'))", "refused"),
        ("print(read(top / 'root/models/model'))", "refused"),
        ("os.symlink(top / 'out.txt', 'link'); print(read('link'))", "refused"),
        ("print(subprocess.run(['cat', top / 'out.txt'], capture_output=True).returncode)", "1"),
        ("print(read('/etc/shadow'), read(f'/proc/{os.getppid()}/environ'))", "refused refused"),
        ("print(libc.open(os.fsencode(top / 'new'), 0o101, 0o600))", "-1"),
        ("os.mkdir('a'); os.rename('own.txt', 'a/own.txt'); print(read('a/own.txt'))", "own"),
        ("open('/dev/null', 'w').write('x'); print(len(open('/dev/urandom', 'rb').read(3)))", "3"),
        ("import tempfile; print(tempfile.TemporaryFile().write(b'abc'))", "3"),
    ],
)
def test_c_code_and_programs_read_no_file_of_elsewhere(
    tmp_path: Path, code: str, said: str
) -> None:
    assert attempt(tmp_path, code) == said


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


LINE = "from packager.sandbox.network import isolation_line; "
LINE += "print(isolation_line(describe_isolation()))"


@FILES
@FILTER
def test_one_line_names_each_measure_or_why_there_is_none(tmp_path: Path) -> None:
    begins = f"process (Landlock ABI {landlock.abi()}, seccomp, "
    told = attempt(tmp_path / "own", LINE)
    assert told.startswith((f"{begins}network namespace)", f"{begins}no network namespace ("))
    without = "no network namespace (Operation not permitted))"
    assert attempt(tmp_path / "refused", LINE, NO_NAMESPACE) == f"{begins}{without}"
    old = "from packager.sandbox import landlock, seccomp\nlandlock.abi = lambda: 1\n"
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
    assert told["processes"] == "not apart"
    monkeypatch.setenv(ISOLATION, "container")
    assert describe_isolation()["network"] == "container without network"


def run_filter(content: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What a filter answers to a system call, as the kernel would run it."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=iIQ6Q", number, architecture, 0, *padded)
    lines = list(struct.iter_unpack("=HBBI", content))
    place = value = 0
    while True:
        code, yes, no, operand = lines[place]
        place += 1
        if code == 0x20:
            value = struct.unpack_from("=I", data, operand)[0]
        elif code == 0x54:
            value &= operand
        elif code == 0x45:
            place += yes if value & operand else no
        elif code == 0x06:
            return int(operand)
        else:
            place += yes if (value == operand if code == 0x15 else value >= operand) else no


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("alone", [True, False])
def test_the_filter_refuses_what_it_names_and_nothing_else(machine: str, alone: bool) -> None:
    content, column = seccomp.program(machine, alone=alone), ("x86_64", "aarch64").index(machine)
    audit = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]
    refused, absent, allowed = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x7FFF0000
    named = {numbers[column] for numbers in seccomp.REFUSED.values()}
    named |= set() if alone else {numbers[column] for numbers in seccomp.SHARED_CALLS.values()}
    gone = {numbers[column] for numbers in seccomp.ABSENT.values()}
    for number in range(470):
        # With no argument a socket has no family and a pair no type, which is refused.
        expected = absent if number in gone else refused if number in named else allowed
        if number in {"x86_64": (41, 53), "aarch64": (198, 199)}[machine]:
            expected = refused
        assert run_filter(content, audit, number) == expected, number
    socket, ioctl, sendto = ((41, 198)[column], (16, 29)[column], (44, 206)[column])
    for family, answer in ((1, refused), (2, allowed), (10, allowed), (16, allowed), (40, refused)):
        assert run_filter(content, audit, socket, family) == answer
    pair = (53, 199)[column]
    for kind, answer in (
        (1, allowed),
        (0x80001, allowed),
        (5, allowed),
        (2, refused),
        (3, refused),
    ):
        assert run_filter(content, audit, pair, 1, kind) == answer
    assert run_filter(content, audit, ioctl, 0, 0x5412) == refused
    assert run_filter(content, audit, ioctl, 0, 0x541C) == refused
    assert run_filter(content, audit, ioctl, 0, 0x5401) == allowed
    clone, prlimit = ((56, 220)[column], (302, 261)[column])
    for flags, answer in ((0x3D0F00, allowed), (0x1200011, allowed), (0x10000011, refused)):
        assert run_filter(content, audit, clone, flags) == answer
    assert run_filter(content, audit, prlimit, 0) == allowed
    assert run_filter(content, audit, prlimit, 4711) == refused
    for address in (0x10, 0x10_0000_0000):
        answer = run_filter(content, audit, sendto, 3, 0, 1, 0, address, 16)
        assert answer == (allowed if alone else refused)
    assert run_filter(content, 0x40000003, 1) == refused  # the system calls of another processor
    if machine == "x86_64":
        assert run_filter(content, audit, 0x40000001) == refused


def test_a_filter_is_written_for_two_processors() -> None:
    known = platform.machine() in ("x86_64", "aarch64") and sys.platform == "linux"
    assert seccomp.available() is known
