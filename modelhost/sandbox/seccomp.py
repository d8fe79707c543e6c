"""Seccomp: a filter of system calls, in the kernel's BPF format (linux/seccomp.h).

It denies access to the outside other than by files: sockets, memory of other processes, namespaces,
mounts, modules, keys, and input into the terminal. Denied calls fail with EPERM; those for which
every caller has a fallback fail with ENOSYS. A filter can't be removed, and covers subprocesses.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Sequence

_X86, _ARM = "x86_64", "aarch64"
_ARCHITECTURES = {_X86: 0xC000003E, _ARM: 0xC00000B7}
_X32 = 0x40000000
# name: (number on x86_64, number on aarch64)
REFUSED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    # It ends a socket for all that have it: the one by which workers reach a model's process.
    "shutdown": (48, 210),
    # They name the files that others open, anywhere: Landlock has no rule for it.
    "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262),
}
ABSENT = {"io_uring_setup": (425, 425), "clone3": (435, 435)}
"""A filter cannot examine them: operations of io_uring bypass it, flags of clone3 are in memory.

Callers have a fallback for kernels without them.
"""
SHARED_CALLS = {
    "connect": (42, 203),
    "listen": (50, 201),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
}
"""Denied if the process has no namespaces of its own for the network and System V's memory."""
_FAMILIES = (2, 10, 16)
"""Allowed socket families, for detecting features: IPv4, IPv6 and netlink; not Unix."""
_SENDTO = (44, 206)
_SOCKET = (41, 198)
_SOCKETPAIR = (53, 199)
_CONNECTED = (1, 5)
"""Allowed types of socket pairs: stream and seqpacket; a datagram socket can send elsewhere."""
_TYPE_BITS = 0xF
_CLONE = (56, 220)
_NEW_NAMESPACES = 0x7E020000
"""Flags of clone: ``CLONE_NEWNS``, ``CGROUP``, ``UTS``, ``IPC``, ``USER``, ``PID``, ``NET``."""
_PRLIMIT = (302, 261)
"""With a limit on processor time it ends another process; 0 is the process itself."""
_IOCTL = (16, 29)
_INTO_TERMINAL = (0x5412, 0x541C)
"""The ioctl requests TIOCSTI and TIOCLINUX."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN, _AND, _HAS = 0x20, 0x15, 0x35, 0x06, 0x54, 0x45
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_FIFTH = (48, 52)
"""Offsets of the lower and upper half of the fifth argument."""
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def available() -> bool:
    """Whether this system and processor are supported."""
    return sys.platform == "linux" and platform.machine() in _ARCHITECTURES


def install(*, alone: bool) -> None:
    """Deny the calls above, Unix sockets except connected pairs, and sending, from now on.

    Sending is allowed if the process is ``alone`` in its network namespace. Raises ``OSError`` if
    the kernel rejects the filter.
    """
    if not available():
        raise OSError(errno.ENOSYS, f"not known for {platform.machine()}")
    content = program(platform.machine(), alone=alone)
    libc = ctypes.CDLL(None, use_errno=True)
    filter_program = _Program(len(content) // 8, content)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        _SECCOMP, _FILTER, ctypes.byref(filter_program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def program(machine: str, *, alone: bool) -> bytes:
    """The BPF program: instructions of 8 bytes (code, jump if true, jump if false, operand)."""
    column = (_X86, _ARM).index(machine)
    refuse, absent = _line(_RETURN, _ERROR | errno.EPERM), _line(_RETURN, _ERROR | errno.ENOSYS)
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, _ARCHITECTURES[machine], 1, 0),
        refuse,
        _line(_LOAD, _NUMBER),
    ]
    if machine == _X86:
        lines += [_line(_AT_LEAST, _X32, 0, 1), refuse]
    for numbers in (REFUSED if alone else {**REFUSED, **SHARED_CALLS}).values():
        lines += [_line(_EQUAL, numbers[column], 0, 1), refuse]
    for numbers in ABSENT.values():
        lines += [_line(_EQUAL, numbers[column], 0, 1), absent]
    lines += _of_call(_SOCKET[column], [_line(_LOAD, _FIRST), *_only(_FAMILIES, refuse)])
    pair = [_line(_LOAD, _SECOND), _line(_AND, _TYPE_BITS), *_only(_CONNECTED, refuse)]
    lines += _of_call(_SOCKETPAIR[column], pair)
    namespaces = [_line(_LOAD, _FIRST), _line(_HAS, _NEW_NAMESPACES, 0, 1), refuse, _allow()]
    lines += _of_call(_CLONE[column], namespaces)
    lines += _of_call(_PRLIMIT[column], [_line(_LOAD, _FIRST), *_only((0,), refuse)])
    terminal = [_line(_EQUAL, _INTO_TERMINAL[0], 1, 0), _line(_EQUAL, _INTO_TERMINAL[1], 0, 1)]
    lines += _of_call(_IOCTL[column], [_line(_LOAD, _SECOND), *terminal, refuse, _allow()])
    if not alone:
        low, high = ([_line(_LOAD, half), _line(_EQUAL, 0, 1, 0), refuse] for half in _FIFTH)
        lines += _of_call(_SENDTO[column], [*low, *high, _allow()])
    return b"".join([*lines, _allow()])


def _only(values: Sequence[int], refuse: bytes) -> list[bytes]:
    """Allow the call if the loaded value is one of ``values``; deny it otherwise."""
    count = len(values)
    return [*(_line(_EQUAL, v, count - i, 0) for i, v in enumerate(values)), refuse, _allow()]


def _of_call(number: int, body: Sequence[bytes]) -> list[bytes]:
    """Run ``body`` for the call ``number``; other calls skip it."""
    return [_line(_EQUAL, number, 0, len(body)), *body]


def _allow() -> bytes:
    return _line(_RETURN, _ALLOW)


def _line(code: int, operand: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, operand)
