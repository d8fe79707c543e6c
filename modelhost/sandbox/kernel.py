"""Kernel confinement of a worker that runs as a process on this machine, where available.

The audit hooks of ``network`` and ``file_access`` cover Python code, with precise errors. C code,
ctypes and subprocesses bypass them; Landlock, seccomp and an empty network namespace cover those.
``described`` lists the measures in force, and those that the kernel does not offer.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from modelhost.sandbox import landlock, seccomp

CONFINEMENT = "MODEL_CONFINEMENT"
"""Variable with the measures in force, as JSON; subprocesses inherit the measures, too."""
AUDIT_HOOK_ONLY = (
    "audit hook only: Python's own calls are refused; C code and started programs are not"
)
NO_SIGNALS = "Landlock: no signals"
UNIX_SOCKETS_OPEN = "Unix sockets of this machine can be reached"
CONTAINER = {
    "files": "container: only the image's files",
    "network": "container without network",
    "processes": "container: only its own processes",
    "measures": "no network, read-only, no capabilities",
}
MEASURES = ("Landlock", "seccomp", "network namespace")
"""Measures that a kernel may offer; ``measures`` lists each as in force, or why it is not."""

_NEW_USER, _NEW_NETWORK, _NEW_IPC = 0x10000000, 0x40000000, 0x08000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

SYSTEM_READ = (
    *("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/proc", "/sys", "/nix/store"),
    # The files in /etc that libraries read, without keys and passwords, which root could read.
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload"),
    *("/etc/localtime", "/etc/timezone", "/etc/locale.conf", "/etc/locale.alias"),
    *("/etc/default/locale", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts"),
    *("/etc/hostname", "/etc/host.conf", "/etc/resolv.conf", "/etc/gai.conf", "/etc/services"),
    # Debian's interpreters link to a file there, which they import at their start.
    *(f"/etc/python3.{minor}" for minor in range(8, 20)),
    *("/etc/protocols", "/etc/mime.types", "/etc/os-release", "/etc/debian_version"),
    *("/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ssl/cert.pem", "/etc/ca-certificates"),
    *("/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/ca-trust", "/etc/crypto-policies"),
    *("/etc/fonts", "/etc/matplotlibrc", "/etc/alternatives", "/etc/terminfo", "/etc/magic"),
    *("/etc/python3", "/etc/OpenCL", "/etc/vulkan", "/etc/pkcs11", "/etc/java-17-openjdk"),
    *("/var/cache/fontconfig", "/var/lib/texmf", "/opt/intel", "/opt/rocm", "/opt/cuda"),
)
DEVICES = (
    # No terminals, because the user types into them.
    *("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"),
    *("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0", "/dev/kfd", "/dev/dri"),
)
SHARED_MEMORY = "/dev/shm"


def described(*, contained: bool) -> dict[str, str]:
    """The isolation of this process from the machine: files, network and processes.

    ``measures`` is one line: ``Landlock ABI 7, seccomp, no network namespace (…)``.
    """
    if contained:
        return dict(CONTAINER)
    isolation = {
        "files": AUDIT_HOOK_ONLY,
        "network": AUDIT_HOOK_ONLY,
        "processes": "not isolated",
        **_standing(),
    }
    measures = [isolation.pop(name, f"no {name} (not tried)") for name in MEASURES]
    return {**isolation, "measures": ", ".join(measures)}


def close_network() -> None:
    """Deny this process the network and Unix sockets of others, as far as the kernel can."""
    if "network" in _standing():
        return
    if sys.platform != "linux":
        return
    refused = _failure(_enter_empty_network)
    alone = not refused
    _measure("network namespace", "", refused)
    refused = _failure(lambda: seccomp.install(alone=alone))
    filtered = not refused
    _measure("seccomp", "", refused)
    parts = ["an empty network namespace"] if alone else []
    if filtered:
        parts.append("seccomp: no Unix sockets" if alone else "seccomp: no connecting or sending")
        _stand("processes", "kernel (seccomp: no ptrace, no memory or limits of others, no mounts)")
    elif alone:
        parts.append(UNIX_SOCKETS_OPEN)
    if parts:
        _stand("network", f"kernel ({'; '.join(parts)})")


def close_files(
    listed: Path,
    readable: list[Path],
    writable: list[Path],
    *,
    contained: bool,
    network: bool = False,
    shared_memory: bool = True,
) -> None:
    """Deny all files except these, system files and shared memory, if Landlock is available.

    ``writable`` are readable as well; folders below ``listed`` can be listed. Signals to processes
    outside are denied too, if the kernel can. ``contained``: don't record files and processes as
    confined here, because the container already confines them. ``network``: TCP stays allowed.
    ``shared_memory``: whether ``/dev/shm`` may be written.
    """
    version = landlock.abi()
    if version < landlock.MIN_ABI:
        offered = f"ABI {version}, expected {landlock.MIN_ABI}" if version else "not in this kernel"
        if sys.platform == "linux":
            _measure("Landlock", "", offered)
        return
    rules = landlock.existing([listed], landlock.READ_DIR)
    rules.update(landlock.existing((*SYSTEM_READ, *readable), landlock.READ))
    rules.update(landlock.existing(DEVICES, landlock.DEVICE | landlock.READ))
    memory = [SHARED_MEMORY] if shared_memory else []
    rules.update(landlock.existing((*memory, *writable), landlock.WRITE))
    apart = network or "network" in _standing()
    threads = _threads()
    refused = _failure(lambda: landlock.restrict(rules, version, tcp=not apart))
    _measure("Landlock", f" ABI {version}", refused)
    if refused or contained:
        return
    before = f"; except {threads - 1} earlier threads" if threads > 1 else ""
    _stand("files", f"kernel (Landlock {version}{before})")
    if version >= 4 and not apart:
        _stand("network", "kernel (Landlock: no TCP); UDP and Unix sockets are not refused")
    if version >= 6 and NO_SIGNALS not in _standing().get("processes", ""):
        known = _standing().get("processes", "kernel (seccomp: nothing)")
        _stand("processes", f"{known[:-1]}; {NO_SIGNALS})")


def _enter_empty_network() -> None:
    """Move this process into an empty network namespace; raise ``OSError`` if denied."""
    user, group = os.getuid(), os.getgid()
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    if unshare(_NEW_USER | _NEW_NETWORK | _NEW_IPC) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        _failure(partial(Path(f"/proc/self/{name}").write_text, text))
    _failure(_start_loopback)


def _start_loopback() -> None:
    """Bring the loopback interface up, on which libraries bind sockets to detect features."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _threads() -> int:
    with contextlib.suppress(OSError):
        return len(os.listdir("/proc/self/task"))
    return 1


def _failure(step: Callable[[], object]) -> str:
    """The reason why the kernel denied ``step``; empty on success."""
    try:
        step()
    except OSError as error:
        return error.strerror or "refused"
    return ""


def _measure(name: str, version: str, refused: str) -> None:
    """Record that a measure is in force, or why it is not; a later failure removes nothing."""
    if not refused:
        _stand(name, f"{name}{version}")
    elif _standing().get(name, f"no {name}").startswith(f"no {name}"):
        _stand(name, f"no {name} ({refused})")


def _standing() -> Mapping[str, str]:
    confinement: dict[str, str] = json.loads(os.environ.get(CONFINEMENT) or "{}")
    return confinement


def _stand(what: str, how: str) -> None:
    os.environ[CONFINEMENT] = json.dumps({**_standing(), what: how})
