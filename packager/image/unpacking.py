"""Unpacks a wheel as pip installs it, without test folders, and verifies its RECORD."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.records import RecordEntry
from installer.sources import WheelContentElement, WheelFile
from installer.utils import Scheme

from packager.errors import PackageError

# Larger files of a wheel are streamed.
MAX_IN_MEMORY_BYTES = 16_000_000
TEST_FOLDER = re.compile(r"(?:^|/)tests?/")
# `from a import tests`, `import a.tests.b` or `from a.tests import b` in code that is no test.
TEST_IMPORT = re.compile(
    rb"^\s*from\s+([\w.]+)\s+import\s+\(?\s*(tests?)\b"
    rb"|^\s*(?:from|import)\s+([\w.]*\btests?\b[\w.]*)",
    re.MULTILINE,
)


def unpack(path: Path, root: Path, prefix: str, site: str, interpreter: str) -> None:
    """Install a wheel below ``prefix`` of the file system ``root``, modules in ``site``.

    ``prefix`` and ``site`` have no leading slash; ``interpreter`` is named in the first line of
    scripts. Raises ``PackageError`` for a damaged wheel.
    """
    places = {
        "purelib": f"/{site}",
        "platlib": f"/{site}",
        "headers": f"/{prefix}/include/{path.name.split('-', 1)[0]}",
        "scripts": f"/{prefix}/bin",
        "data": f"/{prefix}",
    }
    (root / site).mkdir(parents=True)
    try:
        with ZipFile(path) as archive:
            source = _ReadOnce(archive)
            source.validate_record(validate_contents=False)
            destination = _WithoutTests(
                places,
                interpreter=interpreter,
                script_kind="posix",
                destdir=str(root),
                needed=source.imported_tests,
            )
            install(source, destination, {"INSTALLER": b"package\n"})
    except (ValueError, OSError, KeyError, BadZipFile, InstallerError) as error:
        raise PackageError(
            f"{path.name}: can't be unpacked: {error}", "check the wheel with `pip install` of it"
        ) from error


# One of them finds something wherever TEST_IMPORT does, in a sixth of the time.
QUICK_TEST_IMPORTS = (
    re.compile(rb"import\s+\(?\s*[\w.]*tests?\b"),
    re.compile(rb"from\s+[\w.]*tests?\b"),
)


class _ReadOnce(WheelFile):
    """Unpacks each file once, compares it with RECORD and searches it for imports of tests."""

    def __init__(self, archive: ZipFile) -> None:
        super().__init__(archive)
        self.imported_tests: set[str] = set()
        """Test folders that non-test code imports; complete after all files have been read."""

    def get_contents(self) -> Iterator[WheelContentElement]:
        for elements, packed, is_executable in super().get_contents():
            record = RecordEntry.from_elements(*elements)
            if "__pycache__" in record.path.split("/"):
                continue  # the base compiles; pip leaves out such files, too
            in_memory = record.size is not None and record.size <= MAX_IN_MEMORY_BYTES
            stream = BytesIO(packed.read()) if in_memory else packed
            if not record.validate_stream(stream):
                raise ValueError(f"hash / size of {record.path} didn't match RECORD")
            stream.seek(0)
            if record.path.endswith(".py") and not TEST_FOLDER.search(record.path):
                self._note_imports(stream.read())
                stream.seek(0)
            yield elements, stream, is_executable

    def _note_imports(self, code: bytes) -> None:
        if not any(quick.search(code) for quick in QUICK_TEST_IMPORTS):
            return
        for match in TEST_IMPORT.finditer(code):
            named = b".".join(part for part in match.groups() if part)
            parts = named.decode().split(".")
            depth = next(i for i, part in enumerate(parts) if part in ("test", "tests"))
            self.imported_tests.add("/".join(parts[: depth + 1]).strip("/"))


@dataclass
class _WithoutTests(SchemeDictionaryDestination):
    """Omits test folders, from files and from RECORD, except those that are ``needed``."""

    needed: Collection[str] = ()
    """Test folders to keep; complete only after all other files have been written."""
    waiting: list[tuple[Scheme, str, bytes, bool]] = field(default_factory=list)
    """Files of test folders, which ``finalize_installation`` writes or drops."""

    def write_file(
        self, scheme: Scheme, path: str | os.PathLike[str], stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        name = os.fspath(path)
        if _test_folder(scheme, name):
            self.waiting.append((scheme, name, stream.read(), is_executable))
            return RecordEntry(path="", hash_=None, size=None)
        return super().write_file(scheme, path, stream, is_executable)

    def finalize_installation(
        self, scheme: Scheme, record_file_path: str, records: Iterable[tuple[Scheme, RecordEntry]]
    ) -> None:
        kept = [(of, record) for of, record in records if record.path]
        for of, name, content, is_executable in self.waiting:
            folder = _test_folder(of, name)
            if any(folder.endswith(n) or n.startswith(folder) for n in self.needed):
                written = super().write_file(of, name, BytesIO(content), is_executable)
                kept.append((of, written))
        super().finalize_installation(scheme, record_file_path, kept)


def _test_folder(scheme: Scheme, name: str) -> str:
    """The outermost test folder that contains ``name``; empty if there is none."""
    if scheme not in ("purelib", "platlib") or ".dist-info/" in name:
        return ""
    match = TEST_FOLDER.search(name)
    return name[: match.end()].rstrip("/") if match else ""
