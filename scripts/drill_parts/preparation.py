"""The project, its data, and the first version of the package, built outside of the namespaces."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from drill_parts import paths
from drill_parts.programs import package, package_json
from drill_parts.rows import read_rows, write_rows

FIRST = paths.WORK / "first.tar"
NAME = paths.WORK / "first.name"
"""What the archive is called in an engine."""
TABLE = paths.WORK / "diamonds"
PROJECT_FILE = """\
[package]
name = "shop"
version = "{version}"
task = "classification"

[data]
source = "delta:{table}@{number}"
target = "cut"
split = {{ test = 0.3, seed = 7 }}

[recipe]
train = "train:train"
seed = 7
level = "artifact"

[recipe.params]
max_iter = 40
learning_rate = 0.2

[requirements]
file = "requirements.txt"

[slices]
columns = ["color"]
"""


def prepared() -> None:
    """The data as CSV, the project's code, and version 1 of the table of rows."""
    example = paths.TOP / "examples" / "diamonds"
    paths.PROJECT.mkdir(parents=True, exist_ok=True)
    for name in ("prepare.py", "train.py", "requirements.txt"):
        shutil.copyfile(example / name, paths.PROJECT / name)
    subprocess.run(
        [sys.executable, "prepare.py"], cwd=paths.PROJECT, check=True, capture_output=True
    )
    rows = read_rows(source())
    write_rows(rows.first, paths.WORK / "first.csv")
    write_rows(rows.second, paths.WORK / "second.csv")
    write_rows(rows.judged, paths.WORK / "judged.csv")
    shutil.rmtree(TABLE, ignore_errors=True)
    package("data", "add", "first.csv", "--table", TABLE, "-m", "as it was")


def source() -> Path:
    """The file of all rows."""
    return paths.PROJECT / "data/diamonds.csv"


def write_project(version: str, number: int) -> None:
    """The project on version ``number`` of the table."""
    text = PROJECT_FILE.format(version=version, table=TABLE, number=number)
    (paths.PROJECT / "package.toml").write_text(text, encoding="utf-8")


def built_package() -> None:
    """The first version, as an archive that any engine loads."""
    base = package("base").stdout.strip()
    (paths.WORK / "base").write_text(base, encoding="utf-8")
    write_project("1.0.0", 1)
    built = package_json(
        *("build", paths.PROJECT, "--base", base, "--output", f"docker-archive:{FIRST}"),
        "--allow-findings",
    )
    NAME.write_text(str(built["tag"]), encoding="utf-8")
