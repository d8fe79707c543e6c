"""The layers of a solution's member, as if it were packaged alone.

A member has its files in the solution's model, its dependencies among the solution's, and its data
in a layer of the companion. The environment in which the worker compares is the solution's.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from packager.image.environments import PATHS
from packager.image.layer_entries import copy_members
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.runtime import MEMBERS, MODEL, WHEELS
from packager.image.wheels import site_packages
from packager.solutions.opened import OpenedMember
from packager.trust.contents import ImageContents
from packager.trust.examine import Examination

REPLACED = ("code", "model", "package")
FOLDERS = {"code": "code", "model": "models", "package": "package"}
LEFT_OUT = ("data", "members data")


def member_examination(examined: Examination, member: OpenedMember, folder: Path) -> Examination:
    """``examined`` with the layers of ``member``, without data; new layers go to ``folder``."""
    name, python = member.record.name, examined.lock.python
    homes = {f"member {one} environment" for one in examined.lock.members}
    layers = []
    for layer in examined.contents.layers:
        if layer.name in REPLACED:
            layers.append(_own_files(layer.name, member, folder))
        elif layer.name == "model environment" and name in examined.lock.members:
            own = _layer(examined, f"member {name} environment")
            layers.append(_moved_environment(own, name, python, folder))
        elif layer.name not in LEFT_OUT and layer.name not in homes:
            layers.append(layer)
    return replace(examined, contents=ImageContents(tuple(layers), {}, ()))


def _layer(examined: Examination, name: str) -> Layer:
    return next(layer for layer in examined.contents.layers if layer.name == name)


def _own_files(name: str, member: OpenedMember, folder: Path) -> Layer:
    """The layer of the member's code, model or records."""
    place = member.root.path / FOLDERS[name]
    files = sorted(path for path in place.rglob("*") if path.is_file())
    entries = [
        Entry(f"{FOLDERS[name]}/{path.relative_to(place).as_posix()}", path) for path in files
    ]
    return plain_layer(name, folder / f"{name}.tar", [Entry(FOLDERS[name]), *entries])


def _moved_environment(layer: Layer, member: str, python: str, folder: Path) -> Layer:
    """The environment of a member at the place of the model's."""
    moved = _moved(layer, f"{MEMBERS}/{member}", python)
    return plain_layer("model environment", folder / "environment.tar", moved)


def _moved(layer: Layer, home: str, python: str) -> Iterator[Entry]:
    site = {path: site_packages(path, python) for path in (home, MODEL)}
    up = {path: f"{posixpath.relpath(WHEELS, site[path])}/".encode() for path in site}
    shebang = {path: f"#!/{path}/bin/python\n".encode() for path in site}
    for entry in copy_members([layer]):
        if not entry.name.startswith(f"{home}/"):
            continue
        name = f"{MODEL}{entry.name.removeprefix(home)}"
        link, source = entry.link, entry.source
        if link is not None and not link.startswith("/") and "/" in link:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(entry.name), link))
            link = posixpath.relpath(target, posixpath.dirname(name))
        elif entry.name == f"{site[home]}/{PATHS}" and isinstance(source, bytes):
            source = source.replace(up[home], up[MODEL])
        elif isinstance(source, bytes) and source.startswith(shebang[home]):
            source = shebang[MODEL] + source.removeprefix(shebang[home])
        yield Entry(name, source, link, entry.mode)
