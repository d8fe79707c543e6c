"""The runtime layer: exactly the modules of this project that work inside an image."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from packager.digest import sha256_bytes, sha256_file, tree_digest
from packager.errors import PackageError

INSTALLED_AT = "opt/runtime"
COMMANDS = f"{INSTALLED_AT}/bin"
"""On the image's PATH."""
VENV = "opt/venv"
"""Where the dependencies are in an image."""

SERVE = """\
#!{python}
# Hosting platforms start a container as `docker run IMAGE serve` and ask port 8080.
import os
import sys

from serving.platforms import SERVE_PORT

os.environ.setdefault("PORT", str(SERVE_PORT))
os.execv(sys.executable, [sys.executable, "-m", "serving"])
"""
# The modules that host and image share (docs/architecture.md). A package is named by a trailing
# slash and goes in whole, with its subfolders.
SHARED = (
    "packager/__init__.py",
    "packager/digest.py",
    "packager/errors.py",
    "packager/exit_reason.py",
    "packager/text.py",
    "packager/manifest/",
    "packager/data/",
    "packager/model/",
    "packager/worker/",
    "monitoring/",
    "serving/",
)


def runtime_files() -> dict[str, Path]:
    """Posix name → file of the running installation, for everything in ``SHARED``."""
    files: dict[str, Path] = {}
    for name in SHARED:
        place = _package_folder(name.split("/", 1)[0]).parent / name
        if place.is_file():
            files[name] = place
        elif place.is_dir():
            files |= {name + str(p.relative_to(place).as_posix()): p for p in place.rglob("*.py")}
        else:
            raise PackageError(f"{place}: no such file", "install model-packager again")
    return dict(sorted(files.items()))


def commands(python: str) -> dict[str, bytes]:
    """Programs of the image by name, for ``docker run IMAGE NAME``; ``python`` runs them."""
    return {"serve": SERVE.format(python=python).encode()}


def runtime_digest(files: dict[str, Path], programs: Mapping[str, bytes] = {}) -> str:
    """Tree digest of the runtime, as the manifest records it."""
    digests = {name: sha256_file(path) for name, path in files.items()}
    digests |= {f"bin/{name}": sha256_bytes(content) for name, content in programs.items()}
    return tree_digest(digests.items())


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise PackageError(f"package `{name}`: not installed", "install model-packager again")
    return Path(next(iter(spec.submodule_search_locations)))
