"""A whole package is verified before its code runs, and the report says what verified each part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from host_samples import LOCK, MANIFEST
from trust_samples import ABSENT, layer_of

from packager.digest import HashedFile
from packager.errors import PackageError
from packager.image.config import LABEL, TRAINING, TRAINING_LABEL, Image, assemble
from packager.image.export import write_oci
from packager.image.layers import Layer
from packager.image.reference import COMPANION, open_reference
from packager.image.runtime import INSTALLED_AT
from packager.image.stack import Stack, make_stack, own_training_runtime, server_environment
from packager.image.wheels import folder_path, site_packages
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Lock, Manifest, Wheel
from packager.progress import NullProgress
from packager.trust.examine import HERE, MAX_NAMED, Examination, examine


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
    label: str | None = None
    """Of the runtime that trains; None for the true one."""

    def images(self) -> list[Image]:
        """The image and its companion."""
        labels = {f"{LABEL}.root": self.manifest.root}
        trains = {TRAINING_LABEL: self.label or own_training_runtime()}
        more = {**labels, **trains, f"{LABEL}.companion-of": self.manifest.root}
        layers, platform = [*self.stack.below, *self.own], self.lock.platform
        name = f"shop:{self.manifest.tag}"
        whole = [*layers, *self.stack.trees, *self.stack.worker]
        return [
            assemble(name, None, layers, platform, labels),
            assemble(name + COMPANION, None, whole, platform, more),
        ]

    def examined(self, folder: Path) -> Examination:
        """As ``examine`` finds the package and its companion in an OCI folder."""
        return examined(folder, *self.images())


def examined(folder: Path, *images: Image) -> Examination:
    write_oci(images, folder / "oci")
    with open_reference(str(folder / "oci"), None) as reference:
        return examine(reference, None)


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache in which the layers of this installation are made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def built(folder: Path, wheels: tuple[Wheel, ...] = ()) -> Built:
    """A package without a base, as a build makes it."""
    code, lock = folder / "train.py", LOCK.model_copy(update={"wheels": wheels})
    code.write_text("x = 1\n")
    sources = Sources({"train.py": HashedFile.of(code)})
    stack = make_stack(None, LOCK, sources, folder, NullProgress())
    model = layer_of(folder, "model", {"models/model": b"a model"})
    (folder / "model").write_bytes(b"a model")
    (folder / "lock.json").write_bytes(lock.dump())
    manifest = MANIFEST.model_copy(
        update={
            "runtime": stack.runtime,
            "code": (FileEntry.of(code, "train.py"),),
            "model": (FileEntry.of(folder / "model", "model"),),
            "files": (FileEntry.of(folder / "lock.json", "lock.json"),),
        }
    )
    package = {"package/manifest.json": manifest.dump(), "package/lock.json": lock.dump()}
    own = (server_environment(None, lock), model, layer_of(folder, "package", package))
    return Built(stack, lock, manifest, own)


def wrong(found: Examination) -> dict[str, str]:
    """Failed checks by name, and what was found."""
    return {check.name: check.actual for check in found.checks if not check.ok}


def test_a_package_as_it_was_built_is_sound_and_each_part_has_its_verifier(tmp_path: Path) -> None:
    made = built(tmp_path)
    found = made.examined(tmp_path)
    assert wrong(found) == {}
    assert found.sound
    assert (found.lock, found.below, found.base) == (made.lock, (), None)
    assert found.verified_by == {
        "code, model, data": f"{HERE}: against the manifest, root {made.manifest.root[:12]}",
        "base": "not used: this machine's own Python ran",
        "dependencies": f"{HERE}: 0 wheels, by the sha256 in the lock",
        "settings": f"{HERE}: as this version writes them",
        "runtime": f"{HERE}: the one of this installation",
        TRAINING: f"{HERE}: the one of this installation",
        "bytecode": "the package has no bytecode of code and runtime",
    }
    names = {layer.name for layer in found.contents.layers}
    assert {"runtime", TRAINING, "code", "model", "package"} <= names


@pytest.mark.parametrize(
    ("name", "files", "expected"),
    [
        ("code", {"code/train.py": b"x = 2\n"}, "code layer: train.py"),
        ("code", {"code/train.py": b"x = 1\n", "code/os.py": b""}, "code layer: os.py"),
        ("model", {"models/model": b"another"}, "model layer: model"),
        ("model", {}, "model layer: model"),
        ("runtime", {f"{INSTALLED_AT}/serving/app.py": b""}, "runtime"),
        (TRAINING, {f"{INSTALLED_AT}/packager/worker/a.py": b""}, TRAINING),
    ],
)
def test_a_changed_layer_makes_a_package_unsound_and_names_the_file(
    tmp_path: Path, name: str, files: dict[str, bytes], expected: str
) -> None:
    made = built(tmp_path)
    (tmp_path / "other").mkdir()
    other = layer_of(tmp_path / "other", name, files)

    def swapped(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        return tuple(other if layer.name == name else layer for layer in layers)

    stack = replace(made.stack, below=swapped(made.stack.below), worker=swapped(made.stack.worker))
    found = replace(made, stack=stack, own=swapped(made.own)).examined(tmp_path)
    assert expected in wrong(found)
    assert not found.sound


def test_a_runtime_that_trains_is_of_this_installation_only_if_its_check_is_ok(
    tmp_path: Path,
) -> None:
    found = replace(built(tmp_path), label="0" * 64).examined(tmp_path)
    assert list(wrong(found)) == [TRAINING]
    assert found.verified_by[TRAINING] == (
        "not the one that its label names, see the checks; the replay did not use it"
    )


def test_another_versions_runtime_is_reported_as_unverified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = built(tmp_path)
    monkeypatch.setattr("packager.trust.examine.own_runtime", lambda: "1" * 64)
    monkeypatch.setattr("packager.trust.examine.own_training_runtime", lambda: "2" * 64)
    found = made.examined(tmp_path)
    assert found.sound
    ours = made.stack.runtime[:12]
    assert found.verified_by["runtime"].startswith(
        f"another version's ({ours}, here {'1' * 12}): what serves is claimed by the package, "
    )
    assert found.verified_by[TRAINING].startswith(
        f"another version's ({own_training_runtime()[:12]}, here {'2' * 12}): the package root "
    )


def test_a_layer_that_the_companion_lacks_was_checked_by_nobody(tmp_path: Path) -> None:
    made = built(tmp_path)
    hidden = layer_of(tmp_path, "extra", {"code/hidden.py": b"import os\n"})
    main, companion = made.images()
    layers, labels = [*main.layers, hidden], {f"{LABEL}.root": made.manifest.root}
    main = assemble(main.name, None, layers, LOCK.platform, labels)
    assert wrong(examined(tmp_path, main, companion)) == {"layer extra": hidden.diff_id}


@pytest.mark.parametrize("companion", [False, True])
def test_the_settings_of_image_and_companion_are_both_checked(
    tmp_path: Path, companion: bool
) -> None:
    images = built(tmp_path).images()
    config = json.loads(images[companion].config)
    config["config"]["User"] = "0:0"
    images[companion] = replace(images[companion], config=json.dumps(config).encode())
    called = "companion" if companion else "image"
    assert wrong(examined(tmp_path, *images)) == {f"{called}: User": '"0:0"'}


def test_an_image_without_a_companion_is_examined_alone(tmp_path: Path) -> None:
    assert examined(tmp_path, built(tmp_path).images()[0]).sound


def test_absent_wheels_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    wheels = tuple(
        ABSENT.model_copy(
            update={
                "name": f"w{n}",
                "filename": f"w{n}-1.0-py3-none-any.whl",
                "sha256": f"{n:064}",
                "groups": ("model",),
            }
        )
        for n in range(MAX_NAMED + 2)
    )
    made = built(tmp_path, wheels)
    site = {
        f"{site_packages(folder_path([wheel]), '3.11')}/{wheel.name}-1.0.dist-info/RECORD": b""
        for wheel in wheels
    }
    stack = replace(made.stack, below=(*made.stack.below, layer_of(tmp_path, "wheels", site)))
    found = replace(made, stack=stack).examined(tmp_path)
    shown = ", ".join(wheel.filename for wheel in wheels[:MAX_NAMED])
    assert found.verified_by["dependencies"] == (
        f"claimed by the package, unverified for {len(wheels)} of {len(wheels)} wheels, which are "
        f"not in the cache here: {shown}, …"
    )
    assert not found.bytecode


def test_bytecode_of_the_dependencies_is_known_only_from_layers_made_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = built(tmp_path)
    assert made.examined(tmp_path).bytecode
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "elsewhere"))
    (tmp_path / "again").mkdir()
    assert not made.examined(tmp_path / "again").bytecode


def test_a_layer_with_a_member_that_no_layer_may_have_is_an_error(tmp_path: Path) -> None:
    made = built(tmp_path)
    hiding = layer_of(tmp_path, "extra", {"code/.wh.train.py": b""})
    stack = replace(made.stack, below=(*made.stack.below, hiding))
    with pytest.raises(PackageError, match="hides a file of a lower layer"):
        replace(made, stack=stack).examined(tmp_path)
