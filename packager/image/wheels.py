"""Makes layers of a virtual environment at ``/opt/venv`` from locked wheels."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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

from packager.environment.wheels import wheel_path
from packager.errors import PackageError
from packager.image.bytecode import Compiler
from packager.image.layers import Entry, Layer, cached_layer, copy_members, tree_entries
from packager.image.runtime import VENV
from packager.manifest.manifest import Wheel

MIN_OWN_LAYER_BYTES = 10_000_000
# Larger files of a wheel are streamed.
MAX_IN_MEMORY_BYTES = 16_000_000
TEST_FOLDER = re.compile(r"(?:^|/)tests?/")
# `from a import tests`, `import a.tests.b` or `from a.tests import b` in code that is no test.
TEST_IMPORT = re.compile(
    rb"^\s*from\s+([\w.]+)\s+import\s+\(?\s*(tests?)\b"
    rb"|^\s*(?:from|import)\s+([\w.]*\btests?\b[\w.]*)",
    re.MULTILINE,
)


def site_packages(python: str) -> str:
    """The folder of modules inside the image, without a leading slash."""
    return f"{VENV}/lib/python{python}/site-packages"


def venv_entries(python: str, interpreter: str) -> list[Entry]:
    """The files of an empty virtual environment of the base's interpreter (PEP 405)."""
    home = interpreter.rsplit("/", 1)[0]
    text = f"home = {home}\ninclude-system-site-packages = false\nversion = {python}\n"
    return [
        Entry(f"{VENV}/pyvenv.cfg", source=text.encode()),
        Entry(f"{VENV}/bin/python", link=interpreter),
        Entry(f"{VENV}/bin/python3", link="python"),
        Entry(site_packages(python)),
    ]


def wheel_layers(
    wheels: Sequence[Wheel],
    name: str,
    python: str,
    compiler: Compiler | None,
    *,
    fresh: bool = False,
) -> list[Layer]:
    """One layer per big wheel and one layer, called ``name``, of all small wheels.

    Every wheel is unpacked and compiled once, on several threads, and cached.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        tasks = [pool.submit(_wheel_layer, wheel, python, compiler, fresh) for wheel in wheels]
        layers = [task.result() for task in tasks]
    small = [layer for layer in layers if layer.size < MIN_OWN_LAYER_BYTES]
    big = [layer for layer in layers if layer.size >= MIN_OWN_LAYER_BYTES]
    if not small:
        return big
    key = ["wheels", *(layer.diff_id for layer in small)]
    return [*big, cached_layer(name, key, lambda: copy_members(small), fresh=fresh)]


def _wheel_layer(wheel: Wheel, python: str, compiler: Compiler | None, fresh: bool) -> Layer:
    key = ["wheel", wheel.sha256, python, compiler.identity if compiler else None]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def make() -> Iterable[Entry]:
            _unpack(wheel_path(wheel), folder, python)
            if compiler is not None:
                compiler.compile(folder / site_packages(python), f"/{site_packages(python)}")
            return tree_entries(folder, "")

        return cached_layer(f"{wheel.name} {wheel.version}", key, make, fresh=fresh)


def _unpack(path: Path, folder: Path, python: str) -> None:
    """Install a wheel with ``folder`` as the file system root, and verify its RECORD.

    Raises ``PackageError`` for a damaged wheel.
    """
    places = {
        "purelib": f"/{site_packages(python)}",
        "platlib": f"/{site_packages(python)}",
        "headers": f"/{VENV}/include/{path.name.split('-', 1)[0]}",
        "scripts": f"/{VENV}/bin",
        "data": f"/{VENV}",
    }
    (folder / site_packages(python)).mkdir(parents=True)
    try:
        with ZipFile(path) as archive:
            source = _ReadOnce(archive)
            source.validate_record(validate_contents=False)
            destination = _WithoutTests(
                places,
                interpreter=f"/{VENV}/bin/python",
                script_kind="posix",
                destdir=str(folder),
                needed=source.imported_tests,
            )
            install(source, destination, {"INSTALLER": b"package\n"})
    except (ValueError, OSError, KeyError, BadZipFile, InstallerError) as error:
        raise PackageError(
            f"{path.name}: can't be unpacked: {error}", "check the wheel with `pip install` of it"
        ) from error


class _ReadOnce(WheelFile):
    """Unpacks each file once, compares it with RECORD and searches it for imports of tests."""

    def __init__(self, archive: ZipFile) -> None:
        super().__init__(archive)
        self.imported_tests: set[str] = set()
        """Test folders that non-test code imports; complete after all files have been read."""

    def get_contents(self) -> Iterator[WheelContentElement]:
        for elements, packed, is_executable in super().get_contents():
            record = RecordEntry.from_elements(*elements)
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
