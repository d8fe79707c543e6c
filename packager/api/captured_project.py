"""The captured parts of a session: code, a model, and the files that the code needs."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from packager.capture.changed_modules import refuse_changed
from packager.capture.module import captured_model, captured_training
from packager.capture.session import Session
from packager.environment.lock import FILENAME as LOCK
from packager.errors import UsageError
from packager.project.config import FILENAME
from packager.project.existing_code import REQUIREMENTS
from packager.project.local_modules import imported_names, local_files
from packager.project.scaffold import package_name

HEADER = "# packager.pack wrote this file from a session; its next call renews it.\n"
MAX_FILE = 64 << 20
"""Bytes of a file that the code names."""
MODEL, ROWS = "model/model.joblib", "data/rows.parquet"
TRAIN = "train.py"
OWN = frozenset((FILENAME, REQUIREMENTS, ROWS, MODEL, LOCK))


@dataclass(frozen=True)
class CapturedProject:
    """The content of a project besides its data and settings."""

    code: Mapping[str, str]
    """Name → text of modules."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Name → file that the code names by a relative path."""
    pickle: bytes | None = None
    """The model; None for a function that trains one."""
    model: Any = None
    """The model itself."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """Modules that the model's pickle names, and what needs them."""


def captured_project(what: Any, folder: Path, session: Session) -> CapturedProject:
    """Capture a model with ``predict``, or a function that trains one.

    Raises ``PackageError`` for what can't be captured, named with its cell.
    """
    if inspect.isroutine(what):
        source = captured_training(what, session)
        code = _code(source, TRAIN, ())
        return CapturedProject(code, _named_files(code))
    if inspect.isclass(what) or not callable(getattr(what, "predict", None)):
        kind = f"the class {what.__name__}" if inspect.isclass(what) else type(what).__name__
        raise UsageError(
            f"expected a model with a method predict, or a function that trains one, got {kind}",
            "give the fitted model, or the function itself without calling it",
        )
    module = module_name(folder)
    captured = captured_model(what, module, session)
    modules = dict.fromkeys(sorted(captured.modules), "the model")
    if not any(name.partition(".")[0] == "sklearn" for name in modules):
        modules["joblib"] = "what reads the model"  # scikit-learn requires it
    modules.setdefault("pandas", "the rows")
    code = _code(captured.source, f"{module}.py", captured.modules)
    return CapturedProject(code, _named_files(code), captured.pickle, what, modules)


def module_name(folder: Path) -> str:
    """The module for classes and functions of a session that a model needs."""
    name = re.sub(r"\W", "_", package_name(folder))
    return f"{name}_code" if name[0].isalpha() else f"model_{name}_code"


def _code(source: str, name: str, modules: Any) -> dict[str, str]:
    """The captured module, if there is one, and the user's own modules that it needs."""
    own = local_files({*modules, *(imported_names(source) if source else ())})
    texts = {inside: file.read_text(encoding="utf-8") for inside, file in own.items()}
    refuse_changed({file: texts[inside] for inside, file in own.items()})
    if name in texts or FILENAME in texts:
        raise UsageError(
            f"{own[name]}: expected a module with another name, because {name} of the project "
            "holds the session's code",
            "rename the module",
        )
    texts |= {name: source} if source else {}
    return {inside: HEADER + text for inside, text in texts.items()}


def _named_files(code: Mapping[str, str]) -> dict[str, Path]:
    """Files below the working directory that a text of the code names by a relative path.

    A project's own files, such as its requirements, are none.
    """
    files: dict[str, Path] = {}
    for node in (node for text in code.values() for node in ast.walk(ast.parse(text))):
        text = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(text, str) or not 0 < len(text) < 256 or "\n" in text or "\0" in text:
            continue
        path = PurePosixPath(text)
        if (
            path.as_posix() in OWN
            or path.is_absolute()
            or ".." in path.parts
            or path.suffix in ("", ".py")
        ):
            continue
        file = Path(text)
        if file.is_file() and not file.is_symlink() and file.stat().st_size <= MAX_FILE:
            files[path.as_posix()] = file.absolute()
    return files
