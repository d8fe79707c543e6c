"""The system call filter refuses the calls that it lists, and no others."""

from __future__ import annotations

import errno
import platform
import struct
import sys

import pytest

from modelhost.sandbox import seccomp


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
