"""Verify a package with this installation, before any of its code runs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from packager.engine.engine import Engine
from packager.image.base.base import known_base
from packager.image.base.saved import BaseImage
from packager.image.config import TRAINING
from packager.image.file_list import FileList
from packager.image.layer_cache import made_here
from packager.image.layers import Layer
from packager.image.reference import Reference, top_of_image
from packager.image.stack import own_runtime, own_training_runtime
from packager.manifest.manifest import Lock
from packager.model.integrity import IntegrityCheck
from packager.trust.bytecode import bytecode_checks, describe_check
from packager.trust.contents import (
    FOLDERS,
    ImageContents,
    package_checks,
    read_contents,
    training_checks,
)
from packager.trust.environments import Environment, environment_of
from packager.trust.image_check import image_checks, tree_checks
from packager.trust.settings import base_check, version_checks
from packager.trust.stored_layers import stored_checks

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
    config, manifest = json.loads(image.config), reference.manifest
    contents = read_contents(image.layers, lock)
    diff_ids = [layer.diff_id for layer in image.layers]
    environment = environment_of(contents, lock)
    checks = [
        base_check(diff_ids, lock),
        *image_checks(reference.config, manifest),
        *(image_checks(config, manifest, "companion") if reference.has_companion else ()),
        *_settings_of(reference, lock),
        *_layers_of_image(reference, diff_ids),
        *stored_checks(reference, image),
        *(stored_checks(reference, reference.stored_image()) if reference.has_companion else ()),
        *contents.checks,
        *_tree_checks(reference, contents),
        *environment.checks,
        *package_checks(contents, manifest, lock.platform),
        *(training := _training_checks(reference, contents)),
    ]
    base = None if lock.base == "none" else known_base(lock.base.diff_ids, lock.platform, engine)
    shared = {layer.diff_id for layer in contents.layers if layer.name not in FOLDERS}
    bytecode = shared <= made_here().keys() and not environment.unverified
    if base is not None or lock.base == "none":
        checks += bytecode_checks(contents.layers, base.compiler() if base else None)
    verified_by = {
        "code, model, data": f"{HERE}: against the manifest, root {reference.manifest.root[:12]}",
        "base": _of_base(lock, base, engine),
        "dependencies": _of_environment(environment, lock),
        "settings": f"{HERE}: as this version writes them",
        "runtime": _of_runtime(reference),
        TRAINING: _of_training(
            manifest.training_runtime, sound=all(check.ok for check in training)
        ),
        "bytecode": describe_check(base, lock.base == "none"),
    }
    count = len(image.layers) - len(contents.layers)
    return Examination(
        lock, image.layers[:count], contents, base, tuple(checks), verified_by, bytecode
    )


def _settings_of(reference: Reference, lock: Lock) -> list[IntegrityCheck]:
    """Compare the recorded settings with those of this version."""
    platform = reference.manifest.platforms.get(reference.platform)
    grpc = reference.manifest.serve.grpc
    return [] if platform is None else version_checks(platform.settings, lock, grpc=grpc)


def _tree_checks(reference: Reference, contents: ImageContents) -> list[IntegrityCheck]:
    """Compare every file above the base with the manifest."""
    platform = reference.manifest.platforms.get(reference.platform)
    if platform is None:  # a failed check of ``image_checks``
        return []
    count = top_of_image(reference) - (
        len(reference.layers(companion=True)) - len(contents.listings)
    )
    file_list = FileList.of(contents.listings[:count], contents.listings[count:])
    return tree_checks(file_list, platform, reference.file_list)


def _training_checks(reference: Reference, contents: ImageContents) -> list[IntegrityCheck]:
    """Compare the runtime that trains with the manifest, if an image with it is at hand."""
    recorded = reference.manifest.training_runtime
    if TRAINING not in contents.trees and not reference.has_companion:
        recorded = None
    return training_checks(contents, recorded)


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


def _of_training(recorded: str | None, *, sound: bool) -> str:
    own = own_training_runtime()
    if not sound:
        return "not the one of the manifest, see the checks; the replay did not use it"
    if recorded == own:
        return f"{HERE}: the one of this installation"
    return (
        f"another version's ({(recorded or 'none')[:12]}, here {own[:12]}); the replay used this "
        "installation's"
    )
