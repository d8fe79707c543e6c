"""Locked wheels → layers of a virtual environment at ``/opt/venv``."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.records import RecordEntry
from installer.sources import WheelFile
from installer.utils import Scheme

from packager.environment.wheels import wheel_path
from packager.errors import PackageError
from packager.image.bytecode import Compiler
from packager.image.layers import Entry, Layer, cached_layer, copy_members, tree_entries
from packager.manifest import Wheel

VENV = "opt/venv"
OWN_LAYER_FROM = 10_000_000
TEST_FOLDER = re.compile(r"(?:^|/)tests?/")
# `from a import tests`, `import a.tests.b` or `from a.tests import b` in code that is no test.
TEST_IMPORT = re.compile(
    rb"^\s*from\s+([\w.]+)\s+import\s+\(?\s*(tests?)\b"
    rb"|^\s*(?:from|import)\s+([\w.]*\btests?\b[\w.]*)",
    re.MULTILINE,
)


def site_packages(python: str) -> str:
    """Where modules lie inside the image."""
    return f"{VENV}/lib/python{python}/site-packages"


def venv_entries(python: str, interpreter: str) -> list[Entry]:
    """What makes a folder a virtual environment of the base's interpreter (PEP 405)."""
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
    """A layer for each big wheel and one, called ``name``, of all the small ones.

    Every wheel is unpacked and compiled once, on several threads, and kept in the cache.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        tasks = [pool.submit(_wheel_layer, wheel, python, compiler, fresh) for wheel in wheels]
        layers = [task.result() for task in tasks]
    small = [layer for layer in layers if layer.size < OWN_LAYER_FROM]
    big = [layer for layer in layers if layer.size >= OWN_LAYER_FROM]
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
    """Install a wheel below ``folder`` as if ``folder`` were ``/``; RECORD is verified."""
    places = {
        "purelib": f"/{site_packages(python)}",
        "platlib": f"/{site_packages(python)}",
        "headers": f"/{VENV}/include/{path.name.split('-', 1)[0]}",
        "scripts": f"/{VENV}/bin",
        "data": f"/{VENV}",
    }
    (folder / site_packages(python)).mkdir(parents=True)
    try:
        with WheelFile.open(path) as source:
            source.validate_record(validate_contents=True)
            needed = _imported_tests(source)
            destination = _WithoutTests(
                places,
                interpreter=f"/{VENV}/bin/python",
                script_kind="posix",
                destdir=str(folder),
                needed=needed,
            )
            install(source, destination, {"INSTALLER": b"package\n"})
    except (ValueError, OSError, KeyError, BadZipFile, InstallerError) as error:
        raise PackageError(
            f"{path.name}: can't be unpacked: {error}", "check the wheel with `pip install` of it"
        ) from error


def _imported_tests(source: WheelFile) -> set[str]:
    """Test folders that code outside of tests imports: those have to stay."""
    found: set[str] = set()
    for record, stream, _ in source.get_contents():
        name = record[0]
        if name.endswith(".py") and not TEST_FOLDER.search(name):
            for match in TEST_IMPORT.finditer(stream.read()):
                named = b".".join(part for part in match.groups() if part)
                parts = named.decode().split(".")
                depth = next(i for i, part in enumerate(parts) if part in ("test", "tests"))
                found.add("/".join(parts[: depth + 1]).strip("/"))
    return found


@dataclass
class _WithoutTests(SchemeDictionaryDestination):
    """Leaves out test folders, in files and in RECORD alike."""

    needed: Collection[str] = ()

    def write_file(
        self, scheme: Scheme, path: str | os.PathLike[str], stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        name = os.fspath(path)
        if self._is_test(scheme, name):
            return RecordEntry(path="", hash_=None, size=None)
        return super().write_file(scheme, path, stream, is_executable)

    def finalize_installation(
        self, scheme: Scheme, record_file_path: str, records: Iterable[tuple[Scheme, RecordEntry]]
    ) -> None:
        kept: Iterator[tuple[Scheme, RecordEntry]] = (r for r in records if r[1].path)
        super().finalize_installation(scheme, record_file_path, kept)

    def _is_test(self, scheme: Scheme, name: str) -> bool:
        if scheme not in ("purelib", "platlib") or ".dist-info/" in name:
            return False
        match = TEST_FOLDER.search(name)
        if match is None:
            return False
        folder = name[: match.end()].rstrip("/")
        return not any(folder.endswith(kept) or kept.startswith(folder) for kept in self.needed)
