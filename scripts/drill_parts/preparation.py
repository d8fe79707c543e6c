"""The project, its data, and the first version of the package, built outside of the namespaces."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from drill_parts import paths
from drill_parts.programs import package, package_json
from drill_parts.rows import read_rows, write_rows
from packager.digest import sha256_file
from packager.image.tracker_files import tracker_tag

FIRST_VERSION = "1.0.0"
FIRST = paths.WORK / "first.tar"
NAME = paths.WORK / "first.name"
"""The name of the archive in an engine."""
TRACKER = paths.WORK / "tracker.tar"
MADE_OF = paths.WORK / "first.json"
"""The inputs of the first version's build."""
PROJECT = ("train.py", "requirements.txt")
TABLE = paths.WORK / "diamonds"
EXAMPLE = paths.TOP / "examples" / "diamonds"
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
    """The data as CSV, and version 1 of the table of rows."""
    paths.PROJECTS.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(EXAMPLE / "prepare.py", paths.PROJECTS / "prepare.py")
    subprocess.run(
        [sys.executable, "prepare.py"], cwd=paths.PROJECTS, check=True, capture_output=True
    )
    rows = read_rows(source())
    write_rows(rows.first, paths.WORK / "first.csv")
    write_rows(rows.second, paths.WORK / "second.csv")
    write_rows(rows.judged, paths.WORK / "judged.csv")
    for earlier in (
        TABLE,
        paths.WORK / ".package-tests",
    ):  # the drill before has tested the same rows
        shutil.rmtree(earlier, ignore_errors=True)
    package("data", "add", "first.csv", "--table", TABLE, "-m", "as it was")


def source() -> Path:
    """The file of all rows."""
    return paths.PROJECTS / "data/diamonds.csv"


def build(version: str, number: int, *options: object) -> str:
    """Build ``version`` on version ``number`` of the table; the package's name in an engine."""
    base = (paths.WORK / "base").read_text(encoding="utf-8")
    project = paths.PROJECTS / version
    project.mkdir(exist_ok=True)
    for name in PROJECT:
        shutil.copyfile(EXAMPLE / name, project / name)
    lock = paths.PROJECTS / FIRST_VERSION / "package.lock"
    if version != FIRST_VERSION:  # there is no network to resolve the requirements again
        shutil.copyfile(lock, project / "package.lock")
    text = PROJECT_FILE.format(version=version, table=TABLE, number=number)
    (project / "package.toml").write_text(text, encoding="utf-8")
    built = package_json("build", project, "--base", base, "--allow-findings", *options)
    return str(built["tag"])


def built_package() -> None:
    """The first version, as an archive that any engine loads; an equal one is taken again."""
    base = package_json("base")
    (paths.WORK / "base").write_text(str(base["reference"]), encoding="utf-8")
    # The tag is of all installed modules; a lock names the layers of its base.
    made_of = [base["reference"], *base["diff_ids"], tracker_tag(), PROJECT_FILE]
    made_of += [sha256_file(EXAMPLE / name) for name in PROJECT]
    made_of.append(sha256_file(paths.WORK / "first.csv"))
    if FIRST.is_file() and MADE_OF.is_file() and json.loads(MADE_OF.read_text()) == made_of:
        return
    MADE_OF.unlink(missing_ok=True)
    (paths.PROJECTS / FIRST_VERSION / "package.lock").unlink(missing_ok=True)
    name = build(FIRST_VERSION, 1, "--output", f"docker-archive:{FIRST}")
    NAME.write_text(name, encoding="utf-8")
    MADE_OF.write_text(json.dumps(made_of), encoding="utf-8")


def built_tracker() -> None:
    """The issue tracker's image, as an archive: its packages come from the network."""
    base = (paths.WORK / "base").read_text(encoding="utf-8")
    package("issues", "image", "--base", base, "--output", f"docker-archive:{TRACKER}")
