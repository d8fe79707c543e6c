"""A whole package made by hand from the layers of this installation, without a base."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from host_samples import LOCK, MANIFEST
from trust_samples import layer_of

from packager.digest import HashedFile
from packager.image.config import LABEL, Image, assemble, start_settings
from packager.image.file_list import FileList
from packager.image.layers import Layer
from packager.image.stack import Stack, make_stack, own_training_runtime, server_environment
from packager.image.stored_images import COMPANION
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Lock, Manifest, Wheel
from packager.manifest.platform import Platform
from packager.progress import NullProgress


@dataclass(frozen=True)
class Sources:
    """One module of code, and no data."""

    code: Mapping[str, HashedFile]
    data: Mapping[str, HashedFile] = field(default_factory=dict)


@dataclass(frozen=True)
class Built:
    """The parts of a package, to be changed before they are assembled."""

    stack: Stack
    lock: Lock
    manifest: Manifest
    own: tuple[Layer, ...]
    """The server's environment, the model, and the package's files."""

    def images(self) -> list[Image]:
        """The image and its companion."""
        labels = {f"{LABEL}.root": self.manifest.root}
        more = {**labels, f"{LABEL}.companion-of": self.manifest.root}
        layers, platform = [*self.stack.below, *self.own], self.lock.platform
        name = f"shop:{self.manifest.tag}"
        whole = [*layers, *self.stack.trees, *self.stack.worker]
        return [
            assemble(name, None, layers, platform, labels),
            assemble(name + COMPANION, None, whole, platform, more),
        ]

    def with_layer(self, name: str, change: Callable[[Layer], Layer]) -> Built:
        """The package with another layer ``name`` under the same manifest."""

        def swapped(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
            return tuple(change(one) if one.name == name else one for one in layers)

        below, worker = swapped(self.stack.below), swapped(self.stack.worker)
        stack = replace(self.stack, below=below, worker=worker)
        return replace(self, stack=stack, own=swapped(self.own))


def built(folder: Path, wheels: tuple[Wheel, ...] = ()) -> Built:
    """A package without a base, as a build makes it."""
    code, lock = folder / "train.py", LOCK.model_copy(update={"wheels": wheels})
    code.write_text("x = 1\n")
    sources = Sources({"train.py": HashedFile.of(code)})
    stack = make_stack(None, LOCK, sources, folder, NullProgress())
    model = layer_of(folder, "model", {"models/model": b"a model"})
    (folder / "model").write_bytes(b"a model")
    above = (server_environment(None, lock), model)
    files = FileList.made([*stack.below, *above], [*stack.trees, *stack.worker])
    (folder / "lock.json").write_bytes(lock.dump())
    (folder / "files.txt").write_text(files.text())
    trees, companion = files.trees()
    platform = Platform(
        files=tuple(FileEntry.of(folder / name, name) for name in ("files.txt", "lock.json")),
        trees=trees,
        companion=companion,
        settings=start_settings(None),
        proved_on="native",
    )
    manifest = MANIFEST.model_copy(
        update={
            "runtime": stack.runtime,
            "training_runtime": own_training_runtime(),
            "code": (FileEntry.of(code, "train.py"),),
            "model": (FileEntry.of(folder / "model", "model"),),
            "platforms": {lock.platform: platform},
        }
    )
    package = {
        "package/manifest.json": manifest.dump(),
        "package/lock.json": lock.dump(),
        "package/files.txt": files.text().encode(),
    }
    return Built(stack, lock, manifest, (*above, layer_of(folder, "package", package)))


def for_two_platforms(made: Built, folder: Path) -> tuple[Built, Built]:
    """One package for amd64 and arm64, whose images differ in their locks alone."""
    (here,), lock = made.manifest.platforms.values(), made.lock
    other = lock.model_copy(update={"platform": "linux/arm64"})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lock.json").write_bytes(other.dump())
    entry = FileEntry.of(folder / "lock.json", "lock.json")
    files = tuple(entry if one.path == "lock.json" else one for one in here.files)
    there = here.model_copy(update={"files": files, "proved_on": None})
    both = {lock.platform: here, other.platform: there}
    manifest = made.manifest.model_copy(update={"platforms": both})
    found = []
    with made.own[-1].members() as members:
        documents = {info.name: members.content(info, 1 << 24) for info in members if info.isreg()}
    for one in (lock, other):
        place = folder / one.platform.replace("/", "-")
        place.mkdir()
        content = {"package/manifest.json": manifest.dump(), "package/lock.json": one.dump()}
        package = layer_of(place, "package", documents | content)
        found.append(Built(made.stack, one, manifest, (*made.own[:-1], package)))
    return found[0], found[1]
