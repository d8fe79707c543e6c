"""The wheel contains every module of the checkout, and the licence that its metadata names."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
ROOMS = ("packager", "serving", "monitoring")
BUILD = "import sys; from hatchling import build; print(build.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=TOP, capture_output=True, text=True, check=True,
    )  # fmt: skip
    with zipfile.ZipFile(folder / done.stdout.split()[-1]) as file:
        yield file


def test_the_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    """A pattern such as ``build/`` in .gitignore excludes folders of that name from the wheel."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *ROOMS], cwd=TOP, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    kept = {name for name in listed if name and (TOP / name).is_file()}
    assert kept - set(wheel.namelist()) == set()


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for room in ROOMS for path in (TOP / room).rglob("*.py")}
    templates = TOP / "packager" / "project" / "templates"
    absent = [str(f) for f in folders if not (f / "__init__.py").is_file()]
    assert [name for name in absent if not name.startswith(str(templates))] == []


@pytest.mark.slow
def test_the_wheel_carries_the_licence_that_its_metadata_names(wheel: zipfile.ZipFile) -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    (licence,) = (name for name in wheel.namelist() if name.endswith("/licenses/LICENSE"))
    fields = BytesParser().parsebytes(wheel.read(metadata))
    text = wheel.read(licence)
    assert fields["License-Expression"] == project["license"] == "Apache-2.0"
    assert text == (TOP / "LICENSE").read_bytes()
    assert b"Version 2.0, January 2004" in text
    assert b"END OF TERMS AND CONDITIONS" in text
