"""Check that the bytecode in an image is what its sources compile to.

Python imports bytecode without reading the source, so manipulated bytecode would run unnoticed.
Nothing is unmarshalled: the package's base compiles the sources again, and the bytes are compared.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from packager.digest import sha256_file
from packager.image.base.saved import BaseImage
from packager.image.bytecode import Compiler
from packager.image.config import TRAINING
from packager.image.layer_entries import copy_members
from packager.image.layers import Layer
from packager.image.stack import CODE
from packager.model.integrity import MISSING, NO_FILE, IntegrityCheck
from packager.trust.contents import FOLDERS, MAX_NAMED


def bytecode_checks(layers: tuple[Layer, ...], compiler: Compiler | None) -> list[IntegrityCheck]:
    """One check per layer of code or runtime, and one per module with differing bytecode.

    Without ``compiler`` (a package without a base) layers must not contain bytecode.
    """
    checks = []
    for layer in layers:
        if layer.name in ("code", "runtime", TRAINING):
            checks += _of_layer(layer, compiler)
    return checks


def _of_layer(layer: Layer, compiler: Compiler | None) -> list[IntegrityCheck]:
    prefix = FOLDERS[layer.name]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for entry in copy_members([layer]):
            path = folder / entry.name
            if isinstance(entry.source, bytes) and entry.name.endswith((".py", ".pyc")):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(entry.source)
        actual = _digests(folder, remove=True)
        (folder / prefix).mkdir(parents=True, exist_ok=True)
        if compiler is not None:
            compiler.compile(folder / prefix, f"/{prefix}", columns=prefix == CODE)
        expected = _digests(folder)
    differing = sorted(
        n for n in actual.keys() | expected.keys() if actual.get(n) != expected.get(n)
    )
    whole = IntegrityCheck(
        name=f"{layer.name} bytecode",
        expected=f"{len(expected)} files as the sources compile to",
        actual=f"{len(differing)} differ" if differing else "the same",
        ok=not differing,
    )
    each = [
        IntegrityCheck(
            name=f"{layer.name} bytecode: {name}",
            expected=expected.get(name, NO_FILE),
            actual=actual.get(name, MISSING),
            ok=False,
        )
        for name in differing[:MAX_NAMED]
    ]
    return [whole, *each]


def _digests(folder: Path, *, remove: bool = False) -> Mapping[str, str]:
    digests = {}
    for path in folder.rglob("*.pyc"):
        digests[path.relative_to(folder).as_posix()] = sha256_file(path)
        if remove:
            path.unlink()
    return digests


def describe_check(base: BaseImage | None, without_base: bool) -> str:
    """Description of the verification of the bytecode, for the report."""
    if without_base:
        return "the package has no bytecode of code and runtime"
    if base is None:
        return (
            "claimed by the package, unverified: without its base it cannot be compiled here; the "
            "replay did not use it"
        )
    return "checked here: code and runtime compiled again by the base"
