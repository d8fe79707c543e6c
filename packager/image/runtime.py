"""The two runtime layers: the modules of this project that run inside an image.

Every image holds the serving modules; only the companion holds those that train, check and compare
(docs/decisions/012-two-runtimes.md).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path

from packager.digest import sha256_bytes, sha256_file, tree_digest
from packager.errors import PackageError

INSTALLED_AT = "opt/runtime"
COMMANDS = f"{INSTALLED_AT}/bin"
"""On the image's PATH."""
WHEELS = "opt/wheels"
"""Folders of unpacked wheels in an image."""
VENV = "opt/venv"
"""Virtual environment of the server in an image."""
MEMBERS = "opt/members"
"""Folder of the virtual environments of a solution's members."""
MODEL = "opt/model"
"""Virtual environment of the project's model and recipe."""
HARNESS = "opt/harness"
"""Virtual environment of what trains, checks and replays, in the companion."""

SERVE_COMMAND = """\
#!{python}
# Hosting platforms start a container as `docker run IMAGE serve` and ask port 8080.
import os
import sys

from serving.platforms import SERVE_PORT

os.environ["PORT"] = os.environ.get("PORT") or str(SERVE_PORT)
os.execv(sys.executable, [sys.executable, "-m", "serving"])
"""
HOST = "host/"
"""Folder of the runtime with ``modelhost``, the only one that a model's process imports from."""
# Files, and folders (with a trailing slash) with all their modules.
SERVING_MODULES = (
    "modelhost/",
    "packager/__init__.py",
    "packager/digest.py",
    "packager/errors.py",
    "packager/exit_reason.py",
    "packager/text.py",
    "packager/data/__init__.py",
    "packager/data/rows/",
    "packager/manifest/",
    "packager/model/",
    "monitoring/__init__.py",
    "monitoring/calendar_values.py",
    "monitoring/column_arrays.py",
    "monitoring/flagged_rows_log.py",
    "monitoring/derived/",
    "monitoring/exposition/",
    "monitoring/feedback/",
    "monitoring/metrics/",
    "monitoring/otlp/",
    "monitoring/profile/",
    "monitoring/scoring/",
    "monitoring/slices/",
    "serving/",
)
"""Serving: exactly what ``serving``, ``serving.predict_file`` and ``serving.scoring`` import."""
SERVING_STYLES = ("packager/report/page.css", "serving/try_page/page.css")
"""The style sheets of the page at ``/try``: that of all pages, and its own."""
TRAINING_MODULES = (
    "packager/data/",
    "packager/worker/",
    "monitoring/stats/",
)
"""Training, checks, replay and comparison, on top of ``SERVING_MODULES``."""


def serving_runtime() -> dict[str, Path]:
    """Posix name → file of the running installation, for the serving runtime."""
    return _files(SERVING_MODULES + SERVING_STYLES)


def training_runtime() -> dict[str, Path]:
    """Posix name → file of the running installation, for what only the training runtime has."""
    served = serving_runtime()
    return {name: path for name, path in _files(TRAINING_MODULES).items() if name not in served}


def _files(names: Sequence[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for name in names:
        path = _package_folder(name.split("/", 1)[0]).parent / name
        if path.is_file():
            files[_placed(name)] = path
        elif path.is_dir():
            modules = {name + p.relative_to(path).as_posix(): p for p in path.rglob("*.py")}
            files |= {_placed(module): p for module, p in modules.items()}
        else:
            raise PackageError(f"{path}: no such file", "install model-packager again")
    return dict(sorted(files.items()))


def _placed(name: str) -> str:
    """The name of a module's file in the runtime."""
    return f"{HOST}{name}" if name.startswith("modelhost/") else name


def commands(python: str) -> dict[str, bytes]:
    """Programs of the image by name, for ``docker run IMAGE NAME``, run by ``python``."""
    return {"serve": SERVE_COMMAND.format(python=python).encode()}


def runtime_digest(files: Mapping[str, Path], programs: Mapping[str, bytes] = {}) -> str:
    """Tree digest of a runtime; the manifest records that of the serving runtime."""
    digests = {name: sha256_file(path) for name, path in files.items()}
    digests |= {f"bin/{name}": sha256_bytes(content) for name, content in programs.items()}
    return tree_digest(digests.items())


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise PackageError(f"package `{name}`: not installed", "install model-packager again")
    return Path(next(iter(spec.submodule_search_locations)))
