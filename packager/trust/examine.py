"""Verify a package with this installation, before any of its code runs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from packager.engine.engine import Engine
from packager.image.base.base import known_base
from packager.image.base.saved import BaseImage
from packager.image.config import TRAINING, TRAINING_LABEL
from packager.image.layers import Layer, made_here
from packager.image.reference import Reference
from packager.image.stack import own_runtime, own_training_runtime
from packager.manifest.manifest import Lock
from packager.model.integrity import IntegrityCheck
from packager.trust.bytecode import bytecode_checks
from packager.trust.bytecode import told as bytecode_told
from packager.trust.contents import (
    FOLDERS,
    ImageContents,
    package_checks,
    read_contents,
    training_checks,
)
from packager.trust.environments import Environment, environment_of
from packager.trust.settings import base_check, settings_checks

HERE = "checked here"
MAX_NAMED = 3


@dataclass(frozen=True)
class Examination:
    """Result of the verification of a package."""

    lock: Lock
    below: tuple[Layer, ...]
    """The layers of the package's base."""
    contents: ImageContents
    base: BaseImage | None
    """The package's base, if the cache has one with exactly these layers."""
    checks: tuple[IntegrityCheck, ...]
    verified_by: dict[str, str]
    """Part of the package → what verified it, and how."""
    bytecode: bool
    """Whether the dependencies' bytecode was made on this machine, from the locked wheels."""

    @property
    def sound(self) -> bool:
        """Whether every check is ok."""
        return all(check.ok for check in self.checks)


def examine(reference: Reference, engine: Engine | None) -> Examination:
    """Compare the layers of a package with its manifest, its lock and this installation.

    If it has a companion, whose layers must include the image's, the companion's layers are read.

    Raises ``PackageError`` for a layer that can't be read or has members that no layer may have.
    """
    lock, image = reference.lock(), reference.image(companion=True)
    config = json.loads(image.config)
    label = ((config.get("config") or {}).get("Labels") or {}).get(TRAINING_LABEL)
    contents = read_contents(image.layers, lock)
    diff_ids = [layer.diff_id for layer in image.layers]
    environment = environment_of(contents, lock)
    checks = [
        base_check(diff_ids, lock),
        *settings_checks("image", reference.config, lock),
        *(settings_checks("companion", config, lock) if reference.has_companion else ()),
        *_layers_of_image(reference, diff_ids),
        *contents.checks,
        *environment.checks,
        *package_checks(contents, reference.manifest),
        *(training := training_checks(contents, label)),
    ]
    base = None if lock.base == "none" else known_base(lock.base.diff_ids, lock.platform, engine)
    shared = {layer.diff_id for layer in contents.layers if layer.name not in FOLDERS}
    bytecode = shared <= made_here() and not environment.unverified
    if base is not None or lock.base == "none":
        checks += bytecode_checks(contents.layers, base.compiler() if base else None)
    verified_by = {
        "code, model, data": f"{HERE}: against the manifest, root {reference.manifest.root[:12]}",
        "base": _of_base(lock, base, engine),
        "dependencies": _of_environment(environment, lock),
        "settings": f"{HERE}: as this version writes them",
        "runtime": _of_runtime(reference),
        TRAINING: _of_training(label, sound=all(check.ok for check in training)),
        "bytecode": bytecode_told(base, lock.base == "none"),
    }
    count = len(image.layers) - len(contents.layers)
    return Examination(
        lock, image.layers[:count], contents, base, tuple(checks), verified_by, bytecode
    )


def _layers_of_image(reference: Reference, diff_ids: list[str]) -> list[IntegrityCheck]:
    """Failed checks for layers of the deployed image that are not in the companion."""
    return [
        IntegrityCheck(
            name=f"layer {name}",
            expected="a layer of the companion, which was checked",
            actual=diff_id,
            ok=False,
        )
        for name, diff_id, _ in reference.layers()
        if diff_id not in diff_ids
    ]


def _of_base(lock: Lock, base: BaseImage | None, engine: Engine | None) -> str:
    if lock.base == "none" or engine is None:
        return "not used: this machine's own Python ran"
    if base is not None:
        return f"{HERE}: same layers as {base.saved.reference} on this machine"
    return (
        f"claimed by the package, unverified: {lock.base.reference} with these layers is not known "
        "here; its interpreter can report anything"
    )


def _of_environment(environment: Environment, lock: Lock) -> str:
    missing = environment.unverified
    if not missing:
        return f"{HERE}: {len(lock.wheels)} wheels, by the sha256 in the lock"
    shown = ", ".join(missing[:MAX_NAMED]) + (", …" if len(missing) > MAX_NAMED else "")
    return (
        f"claimed by the package, unverified for {len(missing)} of {len(lock.wheels)} wheels, "
        f"which are not in the cache here: {shown}"
    )


def _of_runtime(reference: Reference) -> str:
    own = own_runtime()
    if reference.manifest.runtime == own:
        return f"{HERE}: the one of this installation"
    return (
        f"another version's ({reference.manifest.runtime[:12]}, here {own[:12]}): what serves is "
        "claimed by the package, unverified; the replay used this installation's"
    )


def _of_training(label: str | None, *, sound: bool) -> str:
    own = own_training_runtime()
    if not sound:
        return "not the one that its label names, see the checks; the replay did not use it"
    if label == own:
        return f"{HERE}: the one of this installation"
    return (
        f"another version's ({(label or 'none')[:12]}, here {own[:12]}): the package root does not "
        "cover it; the replay used this installation's"
    )
