"""Real shared objects, and what a wheel with them leaves in a layer."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

from packager.image.layers import Entry

SITE = "opt/wheels/0123456789abcdef/lib/python3.11/site-packages"


def make_shared(folder: Path) -> Callable[..., bytes]:
    """A function that makes a shared object which needs libraries of the given names."""

    def make(*needs: str, search: str = "") -> bytes:
        for name in needs:
            compiled = ["gcc", "-shared", "-nostdlib", f"-Wl,-soname,{name}", "-o", folder / name]
            subprocess.run([*compiled, "-x", "c", "/dev/null"], check=True)
        command = ["gcc", "-shared", "-nostdlib", "-Wl,--no-as-needed", "-o", folder / "made.so"]
        command += [f"-Wl,-rpath,{search}"] if search else []
        links = [folder / name for name in needs]
        subprocess.run([*command, "-x", "c", "/dev/null", "-x", "none", *links], check=True)
        return (folder / "made.so").read_bytes()

    return make


def wheel(name: str, files: dict[str, bytes]) -> list[Entry]:
    """A wheel's files in a layer, and a RECORD of them."""
    record = "".join(f"{inside},sha256=x,1\n" for inside in files)
    info = f"{SITE}/{name}-1.0.dist-info/RECORD"
    return [Entry(f"{SITE}/{inside}", source=content) for inside, content in files.items()] + [
        Entry(info, source=record.encode())
    ]


def elf_header(machine: int) -> bytes:
    """A 64-bit little-endian ELF file without sections, for the processor with this number."""
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    fields = struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 0, 0, 0, 64, 56, 0, 64, 0, 0)
    return ident + fields
