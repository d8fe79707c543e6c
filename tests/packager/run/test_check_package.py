"""A package is verified without running it; what differs is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from command import NO_ENGINE, Package, package

from packager.image.export import write_oci
from packager.image.layer_entries import copy_members
from packager.image.layers import Layer, plain_layer
from packager.image.reference import open_reference
from packager.image.stored_images import COMPANION
from packager.run.check_package import checked
from packager.trust.contents import DATA_LAYER

MOOD = "models/model/members/mood"


def test_a_package_as_it_was_built_is_sound(local_solution: Package) -> None:
    done = package("inspect", local_solution.reference, "--check", "--json", env=NO_ENGINE)
    assert done.code == 0, done.err
    assert done.json["sound"] is True
    shown = package("inspect", local_solution.reference, "--check", env=NO_ENGINE)
    assert "members: length, mood: against their own manifests" in shown.out


def test_data_in_a_companion_that_is_not_here_are_not_compared(
    local_package: Package, tmp_path: Path
) -> None:
    """As of a package in a registry whose companion was not pushed; then it can be signed too."""
    names = {}
    with open_reference(local_package.reference, None) as reference:
        write_oci([reference.image()], tmp_path / "alone")
    for source in (local_package.reference, str(tmp_path / "alone")):
        with open_reference(source, None) as reference, checked(reference, None) as done:
            assert done.sound
            names[source] = {check.name.partition(":")[0] for check in done.checks}
    whole, alone = names.values()
    assert DATA_LAYER in whole
    assert DATA_LAYER not in alone


def changed(layer: Layer, path: str, content: bytes, folder: Path) -> Layer:
    entries = [
        replace(entry, source=content) if entry.name == path else entry
        for entry in copy_members([layer])
    ]
    assert path in {entry.name for entry in entries}
    return plain_layer(layer.name, folder / "changed.tar", entries)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "named"),
    [
        (f"{MOOD}/code/mood_recipe.py", "member mood: files"),
        (f"{MOOD}/models/model", "member mood: files"),
        ("models/model/solution.json", "model/solution.json"),
    ],
)
def test_a_changed_member_is_named(
    local_solution: Package, tmp_path: Path, path: str, named: str
) -> None:
    with open_reference(local_solution.reference, None) as reference:
        images = [reference.image(), reference.image(companion=True)]
        made = []
        for image in images:
            layers = [
                changed(layer, path, b"[1.0, 2.0]", tmp_path) if layer.name == "model" else layer
                for layer in image.layers
            ]
            made.append(_image(image, layers))
        write_oci(made, tmp_path / "oci")
    with open_reference(str(tmp_path / "oci"), None) as reference, checked(reference, None) as done:
        wrong = [check.name for check in done.checks if not check.ok]
    assert named in wrong
    assert f"model layer: {path.removeprefix('models/')}" in wrong


def _image(image, layers):  # type: ignore[no-untyped-def]
    config = json.loads(image.config)
    config["rootfs"]["diff_ids"] = [layer.diff_id for layer in layers]
    return replace(image, config=json.dumps(config).encode(), layers=tuple(layers))


def test_a_companion_holds_the_data_of_the_members(local_solution: Package) -> None:
    with open_reference(local_solution.reference, None) as reference:
        images = reference.image(companion=True)
    assert COMPANION in images.name
    assert [x.name for x in images.layers if x.name.startswith("member")] == [
        "member mood wheels",
        "member mood environment",
        "members data",
    ]
