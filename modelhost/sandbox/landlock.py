"""Landlock (Linux 5.13 and later): the kernel denies files that no rule allows.

Unlike an audit hook it covers C code and subprocesses. A restriction can't be lifted. This module
uses three system calls and two structures of linux/landlock.h; docs/decisions/011-process-mode.md
explains why it uses no library.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

MIN_ABI = 2
"""Version of Linux 5.19; earlier ones deny every rename into another folder."""
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_AND_MAKE = sum(1 << bit for bit in (4, 5, 7, 8, 9, 10, 12))
_DEVICES = 1 << 6 | 1 << 11
_REFER, _TRUNCATE, _IOCTL = 1 << 13, 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | _REMOVE_AND_MAKE | _REFER | _TRUNCATE
DEVICE = READ_FILE | WRITE_FILE | _TRUNCATE | _IOCTL
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL
_TCP = 0b11
"""Rights of TCP: bind and connect."""
_SCOPES = 0b11
"""Scopes: abstract Unix sockets of, and signals to, processes outside."""


def abi() -> int:
    """The Landlock version of this kernel; 0 without Landlock."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_syscall(_CREATE_RULESET, None, 0, _VERSION)))


def restrict(rules: Mapping[Path, int], version: int, *, tcp: bool = False) -> None:
    """Deny this thread and its subprocesses, from now on, all files except those below ``rules``.

    ``rules``: an existing file or folder → ``READ``, ``WRITE`` or ``DEVICE``. ``tcp``: deny TCP
    too (version 4 and later). Version 6 and later deny signals to and abstract Unix sockets of
    processes outside. Raises ``OSError`` if the kernel rejects the rules.
    """
    handled = READ | WRITE | _DEVICES
    handled |= _IOCTL if version >= 5 else 0
    handled &= ~(_TRUNCATE if version < 3 else 0)
    attributes = [handled]
    attributes += [_TCP if tcp else 0] if version >= 4 else []
    attributes += [_SCOPES] if version >= 6 else []
    packed = struct.pack(f"={len(attributes)}Q", *attributes)
    ruleset = _checked(_syscall(_CREATE_RULESET, packed, len(packed), 0))
    try:
        for path, rights in rules.items():
            _allow(ruleset, path, rights & handled)
        _checked(_libc().prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def existing(paths: Iterable[str | Path], rights: int) -> dict[Path, int]:
    """Rules for those of ``paths`` that exist, with links resolved."""
    locations = (Path(os.path.realpath(path)) for path in paths)
    return {path: rights for path in locations if path.exists()}


def _allow(ruleset: int, path: Path, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, descriptor)
        _checked(_syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(descriptor)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: object) -> int:
    function = _libc().syscall
    function.restype = ctypes.c_long
    long = (ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)
    return int(function(ctypes.c_long(number), *long))


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
