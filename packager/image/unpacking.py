"""The files of a wheel as pip installs it, compared with RECORD, without tests and tools' files.

Modules are held in memory, because bytecode is compiled from them. Other files are read from the
wheel while the layer is written. So each is unpacked and hashed once, and not written to the disk.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from zipfile import ZipFile

from installer import install
from installer.destinations import WheelDestination
from installer.records import RecordEntry
from installer.scripts import Script
from installer.sources import WheelContentElement, WheelFile
from installer.utils import Scheme, construct_record_file, fix_shebang

from packager.image.layers import Entry, StreamedContent
from packager.image.packed_files import PackedFile, reading_wheel, record_of

if TYPE_CHECKING:
    from installer.scripts import ScriptSection

TEST_FOLDER = re.compile(r"(?:^|/)tests?/")
# `from a import tests`, `import a.tests.b` or `from a.tests import b` in code that is no test.
TEST_IMPORT = re.compile(
    rb"^\s*from\s+([\w.]+)\s+import\s+\(?\s*(tests?)\b"
    rb"|^\s*(?:from|import)\s+([\w.]*\btests?\b[\w.]*)",
    re.MULTILINE,
)
# One of them finds something wherever TEST_IMPORT does, in a sixth of the time.
QUICK_TEST_IMPORTS = (
    re.compile(rb"import\s+\(?\s*[\w.]*tests?\b"),
    re.compile(rb"from\s+[\w.]*tests?\b"),
)
# Packages that load their modules late read their own stubs (lazy_loader).
FOR_TOOLS = {
    ".pyi": re.compile(rb"attach_stub|\.pyi[\"']"),
    ".pyx": re.compile(rb"pyximport|\.pyx[\"']"),
    ".pyx.tp": re.compile(rb"\.pyx\.tp[\"']"),
}
"""Type stubs, and sources of Cython whose compiled modules lie beside them: the end of a name →
what a module holds that reads such files."""
WORDS_FOR_TOOLS = (b"attach_stub", b".pyi", b"pyximport", b".pyx")
"""One of them is in each text that an expression of ``FOR_TOOLS`` matches."""
MAX_NAME_BYTES = 255
"""Of one part of a path, on every file system of Linux."""


@contextmanager
def unpacked(path: Path, prefix: str, site: str, interpreter: str) -> Iterator[list[Entry]]:
    """Install the wheel ``path`` below ``prefix``, modules in ``site``; yield its files.

    Neither has a leading slash; ``interpreter`` is named in the first line of scripts. The content
    of the modules in ``site`` is in memory. The entries can be read within the block. Raises
    ``PackageError`` for a damaged wheel, at the latest when its entries are read.
    """
    schemes = {
        "purelib": site,
        "platlib": site,
        "headers": f"{prefix}/include/{path.name.split('-', 1)[0]}",
        "scripts": f"{prefix}/bin",
        "data": prefix,
    }
    with reading_wheel(path):
        archive = ZipFile(path)
    with archive:
        with reading_wheel(path):
            source = _Source(archive)
            source.validate_record(validate_contents=False)
            installed = _Installed(schemes, interpreter)
            install(source, installed, {"INSTALLER": b"package\n"})
            installed.check_folders()
        yield [Entry(site), *installed.entries.values()]


class _Source(WheelFile):
    """The files of a wheel, not yet read."""

    def __init__(self, archive: ZipFile) -> None:
        super().__init__(archive)
        self._archive = archive

    @cached_property
    def dist_info_filenames(self) -> list[str]:
        """Files of the dist-info folder; found once instead of at each use."""
        start = f"{self.dist_info_dir}/"
        names = (name for name in self._archive.namelist() if not name.endswith("/"))
        return [name.removeprefix(start) for name in names if name.startswith(start)]

    def get_contents(self) -> Iterator[WheelContentElement]:
        """Each file as a ``PackedFile`` in place of a stream."""
        for elements, _, is_executable in super().get_contents():
            record = RecordEntry.from_elements(*elements)
            if "__pycache__" in record.path.split("/"):
                continue  # the base compiles; pip leaves out such files, too
            yield elements, cast(BinaryIO, PackedFile(self._archive, record)), is_executable


class _Installed(WheelDestination):
    """Collects the files of an installation, without test folders that nothing imports."""

    def __init__(self, schemes: Mapping[str, str], interpreter: str) -> None:
        """``schemes``: scheme → folder."""
        self.entries: dict[str, Entry] = {}
        self._schemes, self._interpreter = schemes, interpreter
        self._imported: set[str] = set()
        """Test folders that non-test code imports; complete after all files were seen."""
        self._waiting: list[tuple[Scheme, str, PackedFile, bool]] = []
        """Files of test folders, which ``finalize_installation`` installs or leaves out."""
        self._for_tools: list[tuple[Scheme, str, PackedFile, bool]] = []
        """Files for tools, which it leaves out unless a module reads such files."""
        self._read: set[str] = set()
        """Ends of names of files for tools that modules read."""

    def write_script(
        self, name: str, module: str, attr: str, section: ScriptSection
    ) -> RecordEntry:
        """Add the script of an entry point."""
        script = Script(name, module, attr, section)
        file, content = script.generate(self._interpreter, "posix")
        self._add(self._install_path("scripts", file), content, executable=True)
        return record_of(file, content)

    def write_file(
        self, scheme: Scheme, path: str | os.PathLike[str], stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        """Add a file; those for tools and of a test folder wait."""
        name = os.fspath(path)
        if not isinstance(stream, PackedFile):  # metadata of the installer
            return self._write(scheme, name, stream.read(), executable=is_executable)
        if _test_folder(scheme, name):
            self._waiting.append((scheme, name, stream, is_executable))
            return RecordEntry(path="", hash_=None, size=None)
        if name.endswith(tuple(FOR_TOOLS)) and scheme in ("purelib", "platlib"):
            self._for_tools.append((scheme, name, stream, is_executable))
            return RecordEntry(path="", hash_=None, size=None)
        if stream.record.path.endswith(".py") and not TEST_FOLDER.search(stream.record.path):
            content = stream.read()
            self._note_imports(content)
            if scheme != "scripts":
                return self._write(scheme, name, content, executable=is_executable)
        return self._packed(scheme, name, stream, executable=is_executable)

    def finalize_installation(
        self, scheme: Scheme, record_file_path: str, records: Iterable[tuple[Scheme, RecordEntry]]
    ) -> None:
        """Add test folders that other code imports, what it reads, and RECORD."""
        entries = [(of, record) for of, record in records if record.path]
        for of, name, packed, is_executable in self._waiting:
            folder = _test_folder(of, name)
            if any(folder.endswith(n) or n.startswith(folder) for n in self._imported):
                entries.append((of, self._packed(of, name, packed, executable=is_executable)))
        for of, name, packed, is_executable in self._for_tools:
            if name.endswith(tuple(self._read)):
                entries.append((of, self._packed(of, name, packed, executable=is_executable)))
        home = self._schemes[scheme]

        def prefix(of: Scheme) -> str | None:
            return None if of == scheme else f"{posixpath.relpath(self._schemes[of], home)}/"

        with construct_record_file(entries, prefix) as content:
            self._write(scheme, record_file_path, content.read(), executable=False)

    def check_folders(self) -> None:
        """Raise ``ValueError`` if a path is both a file and a folder, or can't be one."""
        for name in self.entries:
            parts = name.split("/")
            if any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
                raise ValueError(f"{name}: a part of the path is too long")
            above = posixpath.dirname(name)
            while above:
                if above in self.entries:
                    raise ValueError(f"{above} is a file and a folder")
                above = posixpath.dirname(above)

    def _packed(
        self, scheme: Scheme, name: str, packed: PackedFile, *, executable: bool
    ) -> RecordEntry:
        location = self._install_path(scheme, name)
        if scheme == "scripts" and packed.starts_with(b"#!python"):
            with fix_shebang(BytesIO(packed.read()), self._interpreter) as fixed:
                return self._write(scheme, name, fixed.read(), executable=executable)
        if self._is_module(location):
            return self._write(scheme, name, packed.read(), executable=executable)
        record = packed.installed_record()
        assert record.size is not None
        self._add(location, StreamedContent(record.size, packed.open), executable=executable)
        return RecordEntry(name, record.hash_, record.size)

    def _write(self, scheme: Scheme, name: str, content: bytes, *, executable: bool) -> RecordEntry:
        self._add(self._install_path(scheme, name), content, executable=executable)
        return record_of(name, content)

    def _install_path(self, scheme: str, name: str) -> str:
        """The path in the image; raises ``ValueError`` outside the folder of ``scheme``."""
        folder = f"/{self._schemes[scheme]}"
        path = posixpath.normpath(posixpath.join(folder, name))
        if not path.startswith(f"{folder}/"):
            raise ValueError(f"{name} is outside of {folder}")
        if path[1:] in self.entries:
            raise ValueError(f"{path[1:]} exists twice")
        return path[1:]

    def _is_module(self, location: str) -> bool:
        return location.endswith(".py") and location.startswith(f"{self._schemes['purelib']}/")

    def _add(self, location: str, source: bytes | StreamedContent, *, executable: bool) -> None:
        self.entries[location] = Entry(location, source=source, mode=0o755 if executable else 0o644)

    def _note_imports(self, code: bytes) -> None:
        # Most code has none of these words, which are found sooner than an expression.
        if any(word in code for word in WORDS_FOR_TOOLS):
            self._read |= {end for end, reads in FOR_TOOLS.items() if reads.search(code)}
        if b"test" not in code or not any(quick.search(code) for quick in QUICK_TEST_IMPORTS):
            return
        for match in TEST_IMPORT.finditer(code):
            named = b".".join(part for part in match.groups() if part)
            parts = named.decode().split(".")
            depth = next(i for i, part in enumerate(parts) if part in ("test", "tests"))
            self._imported.add("/".join(parts[: depth + 1]).strip("/"))


def may_be_left_out(name: str) -> bool:
    """Whether an image may lack the file ``name`` of a wheel: a test, or one that tools read."""
    return bool(TEST_FOLDER.search(name)) or name.endswith(tuple(FOR_TOOLS))


def _test_folder(scheme: Scheme, name: str) -> str:
    """The outermost test folder that contains ``name``; empty if there is none."""
    if scheme not in ("purelib", "platlib") or ".dist-info/" in name:
        return ""
    match = TEST_FOLDER.search(name)
    return name[: match.end()].rstrip("/") if match else ""
