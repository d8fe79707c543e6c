"""Runs a whole image for arm64 on this machine, with a private registration of QEMU.

The kernel keeps programs for other processors (binfmt_misc) for each user namespace, so nothing
that runs beside is affected. It needs Linux 6.7 and root.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

EMULATOR = Path("/usr/bin/qemu-aarch64-static")
MAGIC = r"\x7fELF\x02\x01\x01" + r"\x00" * 9 + r"\x02\x00\xb7\x00"
MASK = r"\xff" * 7 + r"\x00" + r"\xff" * 8 + r"\xfe" + r"\xff" * 3
"""The first bytes of an ELF program for aarch64 (QEMU's ``qemu-binfmt-conf.sh``)."""
REGISTER = "/proc/sys/fs/binfmt_misc"
SCRIPT = f"""
set -e
root=$1; shift
mount -t binfmt_misc none {REGISTER}
printf %s ':qemu-aarch64:M::{MAGIC}:{MASK}:{EMULATOR}:F' > {REGISTER}/register
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs none "$root/tmp"
exec chroot "$root" "$@"
"""
NAMESPACES = ("--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child")


def emulated_command(root: Path, *command: str) -> list[str]:
    """``command`` with ``root`` as its root, whose programs are for arm64."""
    for name in ("proc", "dev", "tmp"):
        (root / name).mkdir(exist_ok=True)
    return ["unshare", *NAMESPACES, "bash", "-c", SCRIPT, "emulated", str(root), *command]


def can_emulate() -> bool:
    """Whether this machine may register a program of its own."""
    if not EMULATOR.exists():
        return False
    tried = [f"mount -t binfmt_misc none {REGISTER} && test -w {REGISTER}/register"]
    command = ["unshare", *NAMESPACES, "bash", "-c", *tried]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def emulated_server(root: Path, variables: Mapping[str, str], log: Path) -> Iterator[None]:
    """The image's server, which listens on a port of this machine until the block ends."""
    python = "/opt/venv/bin/python"
    with log.open("wb") as file:
        process = subprocess.Popen(
            emulated_command(root, python, "-m", "serving"),
            env=dict(variables), stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            process.wait()
