"""Virtual environments (PEP 405) whose modules lie in the folders of wheels.

An environment's ``site-packages`` holds one file, ``environment.pth``, with the paths of the
folders relative to it; so a copy of the tree works anywhere. Its ``bin`` holds the wheels' scripts
with its own interpreter in the first line. Other programs, data files and headers of wheels are
links to the files in their folders.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence

from packager.image.layer_cache import cached_layer
from packager.image.layers import Entry, Layer
from packager.image.wheels import SCRIPT_PYTHON, WheelFolder, site_packages

PATHS = "environment.pth"
BIN = "bin/"
MAX_SCRIPT = 1 << 20
"""Bytes of a script."""
FIRST_LINE = f"#!{SCRIPT_PYTHON}\n".encode()


def environment_layer(
    name: str,
    home: str,
    python: str,
    interpreter: str,
    folders: Sequence[WheelFolder],
    *,
    fresh: bool = False,
) -> Layer:
    """The layer ``name`` of the environment at ``home`` with the wheels of ``folders``.

    ``interpreter`` is the path of the base's.
    """
    sums = [[wheel.sha256 for wheel in folder.wheels] for folder in folders]

    def make() -> list[Entry]:
        scripts = {folder.path: _scripts(folder) for folder in folders}
        return environment_entries(home, python, interpreter, folders, scripts)

    return cached_layer(name, ["environment", home, python, interpreter, sums], make, fresh=fresh)


def environment_entries(
    home: str,
    python: str,
    interpreter: str,
    folders: Sequence[WheelFolder],
    scripts: Mapping[str, Mapping[str, bytes]] = {},
) -> list[Entry]:
    """The files of an environment; ``scripts``: folder → path below it → content."""
    top = interpreter.rsplit("/", 1)[0]
    config = f"home = {top}\ninclude-system-site-packages = false\nversion = {python}\n"
    site = site_packages(home, python)
    entries = []
    for folder in folders:
        known = scripts.get(folder.path, {})
        for inside in outside_site(folder, python):
            location = f"{home}/{inside}"
            if inside in known:
                shebang = f"#!/{home}/bin/python\n".encode()
                content = shebang + known[inside].removeprefix(FIRST_LINE)
                entries.append(Entry(location, source=content, mode=0o755))
            else:
                entries.append(Entry(location, link=link_to(home, folder, inside)))
    return [
        *entries,
        Entry(f"{home}/pyvenv.cfg", source=config.encode()),
        Entry(f"{home}/bin/python", link=interpreter),
        Entry(f"{home}/bin/python3", link="python"),
        Entry(f"{site}/{PATHS}", source=paths_file(home, python, folders).encode()),
    ]


def paths_file(home: str, python: str, folders: Sequence[WheelFolder]) -> str:
    """The text of ``environment.pth``.

    ``.pth`` files of wheels are executed with their own folder as ``sitedir``, after all folders
    have been added.
    """
    site, inside = site_packages(home, python), site_packages("", python)
    paths = {folder.path: posixpath.relpath(f"{folder.path}{inside}", site) for folder in folders}
    lines = [*paths.values()]
    for _, path in sorted(
        (first, folder.path) for folder in folders for first in _own(folder, python)
    ):
        lines.append(f"import os, site; site.addsitedir(os.path.join(sitedir, {paths[path]!r}))")
    return "".join(f"{line}\n" for line in lines)


def _own(folder: WheelFolder, python: str) -> list[str]:
    """The first ``.pth`` file in the ``site-packages`` of a folder; an empty list for none."""
    site = f"{site_packages('', python)}/".lstrip("/")
    names = (name.removeprefix(site) for name in folder.names if name.startswith(site))
    return sorted(name for name in names if name.endswith(".pth") and "/" not in name)[:1]


def outside_site(folder: WheelFolder, python: str) -> Iterable[str]:
    """Files of ``folder`` that an environment has at the same path: all but its modules."""
    site = f"{site_packages('', python)}/".lstrip("/")
    return (name for name in folder.names if not name.startswith(site))


def link_to(home: str, folder: WheelFolder, inside: str) -> str:
    """The target of an environment's link to the file ``inside`` a folder."""
    return posixpath.relpath(f"{folder.path}/{inside}", posixpath.dirname(f"{home}/{inside}"))


def _scripts(folder: WheelFolder) -> dict[str, bytes]:
    """Path below ``folder`` → content, of the scripts that name an interpreter to replace."""
    scripts: dict[str, bytes] = {}
    if not any(name.startswith(BIN) for name in folder.names):
        return scripts
    start = f"{folder.path}/{BIN}"
    for layer in folder.layers:
        with layer.members() as members:
            for info in members:
                if info.name.startswith(start) and info.isreg() and info.size <= MAX_SCRIPT:
                    content = b"".join(members.chunks(info))
                    if content.startswith(FIRST_LINE):
                        scripts[info.name.removeprefix(f"{folder.path}/")] = content
    return scripts
