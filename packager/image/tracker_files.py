"""The files of this installation in the issue tracker's image, and its tag."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from packager.digest import sha256_file, tree_digest
from packager.errors import PackageError

REPOSITORY = "package-issues"
STATE = "/state"
PORT = 3080
CODE = ("modelhost", "monitoring", "packager")
SUFFIXES = (".py", ".html", ".css", ".js", ".svg", ".json", ".toml")
STARTERS = "packager/project/templates/"
"""Files of new projects, which are no modules."""


@cache
def tracker_tag() -> str:
    """The tag of this installation's image: of its modules, among them the lock, on any base.

    A process computes it once: the files of an installation stay the same while it runs.
    """
    files = {name: sha256_file(path) for name, path in installed_modules().items()}
    return f"{REPOSITORY}:{tree_digest(files.items())[:12]}"


def installed_modules() -> dict[str, Path]:
    """Posix name → file of this installation, with templates and stylesheets."""
    modules = {}
    for name in CODE:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise PackageError(f"package `{name}`: not installed", "install model-packager again")
        top = Path(next(iter(spec.submodule_search_locations)))
        for path in top.rglob("*"):
            inside = f"{name}/{path.relative_to(top).as_posix()}"
            if path.suffix in SUFFIXES and path.is_file() and not inside.startswith(STARTERS):
                modules[inside] = path
    return dict(sorted(modules.items()))
