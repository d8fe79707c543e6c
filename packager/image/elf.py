"""ELF files: the processor they are for, and the libraries they load. Nothing of them runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from packager.errors import PackageError

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

MAGIC = b"\x7fELF"
NAMES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64", "EM_386": "i386", "EM_ARM": "arm"}
"""Name of a processor in the standard → as wheels call it."""


@dataclass(frozen=True)
class ElfFile:
    """The header fields of an ELF file."""

    machine: str
    """The processor, as wheels call it: ``x86_64``, ``aarch64``; others as the standard does."""
    needed: tuple[str, ...]
    """Names of the libraries that it loads (DT_NEEDED), sorted."""
    search: tuple[str, ...]
    """The search path of libraries (DT_RPATH, DT_RUNPATH)."""


def read_elf(file: IO[bytes]) -> ElfFile | None:
    """Read an ELF file from its start; None for another file.

    Raises ``PackageError`` if the file is damaged.
    """
    with _opened(file) as elf:
        if elf is None:
            return None
        needed, search = _dynamic(elf)
        return ElfFile(_machine(elf), tuple(sorted(needed)), tuple(search))


def elf_machine(file: IO[bytes]) -> str:
    """The processor of an ELF file, as ``ElfFile`` has it; empty for another file."""
    with _opened(file) as elf:
        return "" if elf is None else _machine(elf)


def _machine(elf: ELFFile) -> str:
    machine = str(elf.header["e_machine"])
    return NAMES.get(machine, machine)


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[ELFFile | None]:
    if file.read(len(MAGIC)) != MAGIC:
        yield None
        return
    # Imported here because a build with a warm cache reads no ELF file.
    from elftools.common.exceptions import ELFError
    from elftools.construct import ConstructError
    from elftools.elf.elffile import ELFFile

    file.seek(0)
    try:
        yield ELFFile(file)
    except (ELFError, ConstructError, ValueError, AttributeError) as error:
        raise PackageError(
            f"not a whole ELF file: {error}",
            "download it again, or ask its author for a complete one",
        ) from error


def _dynamic(elf: ELFFile) -> tuple[set[str], list[str]]:
    from elftools.elf.dynamic import DynamicSegment

    needed: set[str] = set()
    search: list[str] = []
    for segment in elf.iter_segments("PT_DYNAMIC"):
        if not isinstance(segment, DynamicSegment):
            continue
        for tag in segment.iter_tags():
            if tag.entry.d_tag == "DT_NEEDED":
                needed.add(str(vars(tag)["needed"]))
            elif tag.entry.d_tag in ("DT_RPATH", "DT_RUNPATH"):
                search += str(vars(tag)[tag.entry.d_tag[3:].lower()]).split(":")
    return needed, search
