"""The project that ``pack`` writes: what `package init` writes, of a session's objects."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
from packaging.requirements import InvalidRequirement, Requirement

from packager.cache import atomic_file, temporary_directory
from packager.capture.cells import namespace_of
from packager.capture.session import (
    captured_source,
    captured_training,
    defined_in,
    session_classes,
)
from packager.errors import UsageError
from packager.project.config import FILENAME
from packager.project.existing_code import init_existing
from packager.project.from_model import init_from_model
from packager.project.used_packages import used_packages

ROWS = "data/rows.parquet"
MODEL = "model.joblib"
REQUIREMENTS = "requirements.txt"


def write_training(
    folder: Path, train: Callable[..., Any], rows: pd.DataFrame, target: str
) -> list[str]:
    """Write or renew the project that trains with ``train``; return the names of new files."""
    source = captured_training(train)
    _renew(folder / "train.py", source)
    _write_rows(rows, folder / ROWS)
    if (folder / FILENAME).exists():
        return []
    with _this_environment():
        written = init_existing(folder, folder / ROWS, target)
    return [] if written is None else written.files


def write_model(folder: Path, model: Any, rows: pd.DataFrame | None, target: str) -> list[str]:
    """Write or renew the project around ``model``; return the names of new files."""
    names, module = session_classes(model), f"{folder.name.replace('-', '_')}_code"
    source = captured_source(names) if names else ""
    with temporary_directory() as place:
        with defined_in(module, names, namespace_of()):
            _dump(model, place / MODEL)
        if (folder / FILENAME).exists():
            _replace(place / MODEL, folder / "model" / MODEL)
            if rows is not None:
                _write_rows(rows, folder / ROWS)
            if source:
                _renew(folder / f"{module}.py", source)
            return []
        data = None
        if rows is not None:
            data = place / Path(ROWS).name
            rows.to_parquet(data, index=False)
        files = init_from_model(folder, place / MODEL, data, target if data else None)
    if source:
        _renew(folder / f"{module}.py", source)
        _add_requirements(folder, folder / f"{module}.py")
        files.append(f"{module}.py")
    _renew(folder / REQUIREMENTS, _pinned((folder / REQUIREMENTS).read_text(encoding="utf-8")))
    return sorted(files)


def _pinned(text: str) -> str:
    """Requirements whose bare names get the versions that are installed here."""
    lines = []
    for line in text.splitlines():
        try:
            bare = Requirement(line)
            version = metadata.version(bare.name) if not bare.specifier and not bare.url else ""
        except (InvalidRequirement, metadata.PackageNotFoundError):
            version = ""
        lines.append(f"{line}=={version}" if version else line)
    return "".join(f"{line}\n" for line in lines)


def _dump(model: Any, file: Path) -> None:
    """As a pickle, which joblib reads too: the caller's Python may have no joblib."""
    file.write_bytes(pickle.dumps(model, protocol=5))


def _add_requirements(folder: Path, code: Path) -> None:
    """Add what the captured code imports and the model's own requirements lack."""
    with _this_environment():
        used = used_packages([code], folder)
    file = folder / REQUIREMENTS
    text = file.read_text(encoding="utf-8")
    known = {line.partition("==")[0].partition(">")[0].strip() for line in text.splitlines()}
    more = [
        line
        for line in used.text.splitlines()
        if not line.startswith("#") and line.partition("==")[0] not in known
    ]
    _renew(file, text + "".join(f"{line}\n" for line in more))


@contextmanager
def _this_environment() -> Iterator[None]:
    """Requirements are looked up where this Python has its packages, as a kernel's are."""
    before = os.environ.get("VIRTUAL_ENV")
    os.environ["VIRTUAL_ENV"] = sys.prefix
    try:
        yield
    finally:
        if before is None:
            del os.environ["VIRTUAL_ENV"]
        else:
            os.environ["VIRTUAL_ENV"] = before


def _renew(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(file) as new:
        new.write_text(text, encoding="utf-8")


def _replace(source: Path, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(file) as new:
        new.write_bytes(source.read_bytes())


def _write_rows(rows: pd.DataFrame, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(file) as new:
        rows.to_parquet(new, index=False)


def check_rows(rows: Any, target: str) -> pd.DataFrame:
    """``rows``; raises ``UsageError`` for another thing than a frame with the column ``target``."""
    if not isinstance(rows, pd.DataFrame):
        raise UsageError(
            f"rows: expected a DataFrame, got {type(rows).__name__}",
            "give the training rows with their target",
        )
    if target not in rows.columns:
        names = ", ".join(map(str, rows.columns[:8]))
        raise UsageError(f"target: expected one of the columns {names}, got {target!r}")
    return rows
