"""The data, the packages built from it, and the model's own predictions for each request."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from array_data import COLUMN, DECLARED, TAKES, array_table, as_array, as_parquet
from environments import COMMON

from packager.cache import atomic_directory, cache_directory
from packager.digest import sha256_bytes
from packager.image.reference import open_reference
from packager.image.runtime import INSTALLED_AT, runtime_digest, serving_runtime, training_runtime
from packager.manifest.manifest import Manifest
from packager.runners.local import UnpackedPackage, unpacked_package

RECIPES = Path(__file__).parent / "project" / "recipes.py"
sys.path.append(str(Path(__file__).parents[1]))  # modules that all benchmarks share
MODELS = ("linear", "boosting", "native", "arrays")
PACKAGE = Path(sys.executable).parent / "package"
# Rows per request → number of different requests, sent in turn, so that no server can cache.
BODIES = {1: 200, 100: 20}
SLICED_VALUES = 20

PROJECT = """[package]
name = "peers-{recipe}"
version = "1.0.0"
task = "classification"

[data]
source = "{source}"
target = {target}
split = {{ test = 0.2, seed = 7 }}
{columns}
[recipe]
train = "recipes:{recipe}"
seed = 7
{takes}
[requirements]
file = "requirements.txt"

[serve]
compile = "{compile}"
workers = 2
{slices}"""


@dataclass(frozen=True)
class Model:
    """A model in packages, and requests with its predictions when called directly."""

    name: str
    compiled: UnpackedPackage | None
    """The package with ``compile = "auto"``; None if no compiled form was equal."""
    native: UnpackedPackage
    """The package with ``compile = "off"``."""
    refused: str
    """Why there is no compiled form."""
    estimator: Any
    requests: dict[int, list[list[dict[str, Any]]]]
    """Rows per request → the requests, each a list of rows."""

    def answers(self, rows: list[dict[str, Any]]) -> npt.NDArray[np.float64]:
        """Probabilities of the model itself, shape (rows, classes)."""
        taken = as_array(rows) if self.name == "arrays" else pd.DataFrame(rows)
        found: npt.NDArray[np.float64] = self.estimator.predict_proba(taken)
        return found

    @property
    def file(self) -> Path:
        """The model file that the peers load."""
        return self.native.path / "models" / "model"

    @property
    def classes(self) -> list[Any]:
        found: list[Any] = self.estimator.classes_.tolist()
        return found


def table(file: Path | None, target: str) -> pd.DataFrame:
    """The rows of ``file`` without nulls, or generated rows; with the target column."""
    if file is None:
        from synthetic_package import mixed

        return mixed(50_000, 6, 8, 2).rename(columns={"target": target})
    frame = pd.read_csv(file, skipinitialspace=True).dropna()
    flags = frame.select_dtypes("bool").columns
    return frame.assign(**{name: np.where(frame[name], "yes", "no") for name in flags})


@contextmanager
def opened(
    name: str, frame: pd.DataFrame, target: str, *, compiled: bool = True
) -> Iterator[Model]:
    """Build the packages of a model, and unpack them during the block.

    Without ``compiled`` only the one with ``compile = "off"``.
    """
    if name == "arrays":
        frame = array_table(target)
    with ExitStack() as stack:
        native = stack.enter_context(_unpacked(_built(name, frame, target, "off")))
        other, refused = None, "not built"
        if compiled:
            other = stack.enter_context(_unpacked(_built(name, frame, target, "auto")))
            verdict = Manifest.load(other.path / "package" / "manifest.json").compiled
            other, refused = other if verdict.verdict == "equal" else None, verdict.reason
        yield Model(
            name=name,
            compiled=other,
            native=native,
            refused=refused,
            estimator=_loaded(native),
            requests=_requests(frame.drop(columns=target)),
        )


def _loaded(root: UnpackedPackage) -> Any:
    # Unpickling a model with classes of the project imports their module.
    sys.path.append(str(RECIPES.parent))
    return joblib.load(root.path / "models" / "model")


def _requests(features: pd.DataFrame) -> dict[int, list[list[dict[str, Any]]]]:
    made: dict[int, list[list[dict[str, Any]]]] = {}
    for rows, count in BODIES.items():
        drawn = features.sample(rows * count, replace=True, random_state=rows)
        records = drawn.to_dict("records")
        made[rows] = [records[start : start + rows] for start in range(0, rows * count, rows)]
    return made


def _built(recipe: str, frame: pd.DataFrame, target: str, mode: str) -> Path:
    """The OCI folder of a package, from the cache if the same package was built before."""
    files = project_files(recipe, frame, target, mode)
    contents = b"".join(name.encode() + content for name, content in sorted(files.items()))
    runtime = runtime_digest(serving_runtime() | training_runtime())
    folder = cache_directory("peers") / f"package-{sha256_bytes(contents + runtime.encode())[:16]}"
    if not folder.exists():
        with atomic_directory(folder) as new:
            project = new / "project"
            write_project(project, files)
            _build(project, new / "image")
            shutil.rmtree(project)
    return folder / "image"


def project_files(recipe: str, frame: pd.DataFrame, target: str, mode: str) -> dict[str, bytes]:
    """The files of a project with one of the recipes; ``mode`` is ``auto`` or ``off``."""
    arrays = recipe == "arrays"
    texts = frame.drop(columns=[target, *([COLUMN] if arrays else [])])
    texts = texts.select_dtypes(exclude="number")
    sliced = [name for name in texts if texts[name].nunique() <= SLICED_VALUES][:1]
    slices = f"\n[slices]\ncolumns = {json.dumps(sliced)}\n" if sliced else ""
    source, columns, takes = ("data.parquet", DECLARED, TAKES) if arrays else ("data.csv", "", "")
    settings = PROJECT.format(
        recipe=recipe,
        source=source,
        columns=columns,
        takes=takes,
        target=json.dumps(target),
        compile=mode,
        slices=slices,
    )
    return {
        "package.toml": settings.encode(),
        "requirements.txt": "\n".join(COMMON).encode(),
        "recipes.py": RECIPES.read_bytes(),
        source: as_parquet(frame) if arrays else frame.to_csv(index=False).encode(),
    }


def write_project(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files of a project to a new folder."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _build(project: Path, image: Path) -> None:
    sys.stderr.write(f"building {project.name} → {image}\n")
    # Without an engine: the package is trained and served in processes, like every peer.
    environment = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:1"}
    command = [str(PACKAGE), "build", str(project), "--output", f"oci:{image}", "--allow-findings"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stderr}")


@contextmanager
def _unpacked(image: Path) -> Iterator[UnpackedPackage]:
    with (
        open_reference(f"oci:{image}", None) as reference,
        unpacked_package(reference.image().layers) as root,
    ):
        # Compile, because a package built without a base holds no bytecode, unlike an image.
        for place in (root.path / INSTALLED_AT, root.path / "code"):
            command = [str(root.python), "-m", "compileall", "-qq", str(place)]
            subprocess.run(command, check=True)
        yield root
