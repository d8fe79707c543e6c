"""The modules that ``package.toml`` names, and those that a project may not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from modelhost.embedding import MODEL
from packager.errors import UsageError
from packager.manifest.case import Case
from packager.project.sections import RecipeSection

_HOST = "modelhost joblib numpy pandas"
_STANDARD = (
    "array ast asyncio base64 binascii bisect bz2 calendar collections concurrent contextlib"
    " contextvars copy copyreg csv ctypes dataclasses datetime decimal dis email enum faulthandler"
    " fcntl fnmatch functools glob gzip hashlib heapq hmac http importlib inspect ipaddress json"
    " keyword linecache locale logging lzma mmap multiprocessing ntpath numbers opcode operator"
    " pathlib pickle pkgutil platform pprint pydoc queue quopri random re reprlib resource runpy"
    " secrets select selectors shutil signal socket ssl string struct subprocess sysconfig tarfile"
    " tempfile textwrap threading token tokenize traceback types typing urllib uuid warnings"
    " weakref zipfile zoneinfo"
)
RESERVED_MODULES = frozenset([*_HOST.split(), *_STANDARD.split()])
"""Modules that the model's process imports from elsewhere while the project's folder is first."""


def entrypoints(
    predictor: str,
    recipe: RecipeSection | None,
    cases: Sequence[Case],
    flow: str | None = None,
    embedding: str | None = None,
) -> dict[str, str]:
    """Key of package.toml → ``module:name``, or ``auto``, of what the package calls."""
    named: dict[str, str | None] = {"package.flow": flow, "serve.predictor": predictor}
    if recipe is not None:
        named |= {"recipe.train": recipe.train, "recipe.metrics": recipe.metrics}
    if embedding is not None and not embedding.startswith(f"{MODEL}:"):
        named["monitoring.embedding"] = embedding
    named |= {f"test.case {case_.name!r}": case_.call for case_ in cases}
    return {key: one for key, one in named.items() if one}


def check_modules(directory: Path, entrypoints: Mapping[str, str]) -> None:
    """Raise ``UsageError`` for missing modules, and for one that hides what the model host imports.

    ``entrypoints``: place → ``module:name`` or ``auto``.
    """
    paths = (directory, directory / "src")
    for name in sorted(RESERVED_MODULES):
        for target in paths:
            if (target / f"{name}.py").exists() or (target / name / "__init__.py").exists():
                raise UsageError(
                    f"module `{name}` in {target} would hide the `{name}` that the process of the"
                    " model imports",
                    "rename it",
                )
    for key, entrypoint in entrypoints.items():
        module = entrypoint.partition(":")[0]
        if entrypoint != "auto" and not any(_holds_module(target, module) for target in paths):
            raise UsageError(
                f"{key}: expected module `{module}` in the project, got none",
                f"write {module.replace('.', '/')}.py in the project's folder or in its src/",
            )


def _holds_module(location: Path, module: str) -> bool:
    path = location / module.replace(".", "/")
    return path.with_name(path.name + ".py").is_file() or path.is_dir()
