"""The licence that the metadata names is in the checkout and in the wheel."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from email.parser import BytesParser
from pathlib import Path

TOP = Path(__file__).parent.parent
BUILD = "import sys; from hatchling import build; print(build.build_wheel(sys.argv[1]))"


def test_the_wheel_carries_the_licence_that_its_metadata_names(tmp_path: Path) -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (TOP / "LICENSE").read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)],
        cwd=TOP, capture_output=True, text=True, check=True,
    )  # fmt: skip
    with zipfile.ZipFile(tmp_path / done.stdout.split()[-1]) as wheel:
        names = wheel.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        (licence,) = (name for name in names if name.endswith("/licenses/LICENSE"))
        fields = BytesParser().parsebytes(wheel.read(metadata))
        assert fields["License-Expression"] == project["license"] == "Apache-2.0"
        assert wheel.read(licence) == text
    assert b"Apache License" in text
    assert b"Version 2.0, January 2004" in text
    assert b"END OF TERMS AND CONDITIONS" in text
