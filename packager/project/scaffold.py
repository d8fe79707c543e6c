"""``package init``: writes a starter project; what all new projects have in common."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

import numpy as np
import pandas as pd
from packaging.utils import canonicalize_name

from packager.cache import check_writable, writing
from packager.confinement import refuse_leaving
from packager.environment.large_wheels import GRAPHICS
from packager.errors import UsageError
from packager.manifest.base import Task
from packager.project.config import FILENAME
from packager.text import escape_in_literal

STARTER = Path(__file__).parent / "templates"
STARTER_REQUIREMENTS = ("pandas>=2.2", "scikit-learn>=1.5")
USING_TORCH = frozenset((
    "torch", "torchvision", "torchaudio", "torchmetrics", "accelerate", "easyocr", "fastai",
    "flair", "kornia", "lightning", "open-clip-torch", "peft", "pytorch-forecasting",
    "pytorch-lightning", "sentence-transformers", "skorch", "stable-baselines3", "stanza",
    "tabpfn", "timm", "ultralytics",
))  # fmt: skip
"""Packages that are PyTorch or require it."""
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
TARGET_NAMES = ("target", "label", "class", "y")


def init_project(directory: Path) -> list[str]:
    """Write a starter project that builds without changes; return the files written."""
    return write_project(directory, starter_files(directory, "requirements.txt"), {})


def starter_files(directory: Path, requirements: str) -> dict[str, str]:
    """Name → text of the starter's files; ``package.toml`` names ``requirements``."""
    values = {"name": package_name(directory), "requirements": quoted(requirements)}
    return {
        FILENAME: fill("package.toml", values),
        "train.py": (STARTER / "train.py").read_text(encoding="utf-8"),
        "requirements.txt": "".join(f"{line}\n" for line in STARTER_REQUIREMENTS),
        "data/visits.csv": _starter_rows().to_csv(index=False, lineterminator="\n"),
    }


def task_of(content: bytes) -> Task:
    """The task of a serialised model, by the class names in it."""
    classifies = re.search(rb"Classifier|LogisticRegression|SVC|NaiveBayes|GaussianNB", content)
    return "classification" if classifies else "regression"


def choose_target(data: str, columns: Sequence[str], target: str | None) -> str:
    """``target``, or if None the column with a usual target name, else the last column.

    Raises ``UsageError`` if ``target`` is not one of ``columns``.
    """
    if target is not None:
        if target not in columns:
            raise UsageError(
                f"--target: expected a column of {data}, got {target!r}",
                f"its columns are {', '.join(columns[:20])}",
            )
        return target
    return next((name for name in columns if name.lower() in TARGET_NAMES), columns[-1])


def fill(name: str, values: Mapping[str, str]) -> str:
    """The text of a template with its ``$names`` replaced by ``values``."""
    return Template((STARTER / name).read_text(encoding="utf-8")).substitute(values)


def torch_line(requirements: str) -> str:
    """The line of ``[requirements]`` that takes PyTorch's wheels without CUDA; empty if not needed.

    ``requirements``: lines of a requirements file. One that names a package or a version for
    graphics cards, or hashes of files, keeps the wheels that it names.
    """
    if re.search(r"--hash=|^[^#]*\+(cu|rocm|xpu)", requirements, re.MULTILINE):
        return ""
    matches = map(_NAME.match, requirements.splitlines())
    names = {str(canonicalize_name(one[0])) for one in matches if one}
    if not names & USING_TORCH or any(map(GRAPHICS.match, names)):
        return ""
    return 'torch = "cpu"  # wheels without CUDA; delete it to serve on a graphics card\n'


def quoted(text: str) -> str:
    """A basic string of TOML: like JSON, with more control characters escaped."""
    return escape_in_literal(json.dumps(text, ensure_ascii=False))


def package_name(directory: Path) -> str:
    """A name for ``package.toml``, derived from the folder's name."""
    name = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower())[:100].strip("-")
    return name or "model"


def write_project(
    directory: Path, content: Mapping[str, str], copies: Mapping[str, Path]
) -> list[str]:
    """Write all files or none; return their names, sorted.

    Raises ``UsageError`` if one of them exists already.
    """
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory}: expected a folder, got a file", "name a folder")
    taken = [name for name in (*content, *copies) if (directory / name).exists()]
    if taken:
        raise UsageError(f"{directory / taken[0]}: exists already", "name an empty or a new folder")
    for path in (*content, *copies):
        refuse_leaving(directory / path, directory)
    check_writable(directory)
    standing = next(
        location for location in (directory, *directory.resolve().parents) if location.is_dir()
    )
    with writing(directory), tempfile.TemporaryDirectory(dir=standing) as name:
        new = Path(name)
        for path, text in content.items():
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            (new / path).write_text(text, encoding="utf-8")
        for path, source in copies.items():
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if source.is_dir() else shutil.copyfile
            copy(source, new / path)
        for path in (*content, *copies):
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (new / path).rename(directory / path)
    return sorted((*content, *copies))


def _starter_rows() -> pd.DataFrame:
    """600 synthetic visits to a shop, deterministic, with missing values."""
    draw, rows = np.random.default_rng(7), 600
    channel = draw.choice(["web", "app", "store"], rows, p=[0.5, 0.3, 0.2])
    basket = np.round(draw.gamma(2.0, 30.0, rows), 2)
    visits = draw.poisson(3.0, rows)
    member = draw.random(rows) < 0.4
    score = 0.5 * (visits - 3) + 1.2 * member + 0.01 * (basket - 60) + (channel == "app")
    returned = draw.random(rows) < 1 / (1 + np.exp(-score))
    frame = pd.DataFrame({"channel": channel, "basket": basket, "visits": visits, "member": member})
    frame.loc[draw.choice(rows, 20, replace=False), "basket"] = np.nan
    frame["returned"] = np.where(returned, "yes", "no")
    return frame
