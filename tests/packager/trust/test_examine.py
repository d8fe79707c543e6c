"""A whole package is verified before its code runs, and the report says what verified each part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from built_packages import built
from host_samples import LOCK
from trust_samples import ABSENT, layer_of

from packager.errors import PackageError
from packager.image.config import LABEL, TRAINING, Image, assemble
from packager.image.export import write_oci
from packager.image.reference import open_reference
from packager.image.runtime import INSTALLED_AT
from packager.image.stack import own_training_runtime
from packager.image.wheels import folder_path, site_packages
from packager.trust.examine import HERE, MAX_NAMED, Examination, examine

pytestmark = pytest.mark.slow


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


def wrong(found: Examination) -> dict[str, str]:
    """Failed checks by name, and what was found."""
    return {check.name: check.actual for check in found.checks if not check.ok}


def test_a_package_as_it_was_built_is_sound_and_each_part_has_its_verifier(tmp_path: Path) -> None:
    made = built(tmp_path)
    found = examined(tmp_path, *made.images())
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

    found = examined(tmp_path, *made.with_layer(name, lambda _: other).images())
    assert expected in wrong(found)
    assert not found.sound


def test_a_runtime_that_trains_is_of_this_installation_only_if_its_check_is_ok(
    tmp_path: Path,
) -> None:
    made = built(tmp_path)
    other = layer_of(tmp_path, TRAINING, {f"{INSTALLED_AT}/packager/worker/a.py": b""})
    found = examined(tmp_path, *made.with_layer(TRAINING, lambda _: other).images())
    assert TRAINING in wrong(found)
    assert found.verified_by[TRAINING] == (
        "not the one of the manifest, see the checks; the replay did not use it"
    )


def test_another_versions_runtime_is_reported_as_unverified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = built(tmp_path)
    monkeypatch.setattr("packager.trust.examine.own_runtime", lambda: "1" * 64)
    monkeypatch.setattr("packager.trust.examine.own_training_runtime", lambda: "2" * 64)
    found = examined(tmp_path, *made.images())
    assert found.sound
    ours = made.stack.runtime[:12]
    assert found.verified_by["runtime"].startswith(
        f"another version's ({ours}, here {'1' * 12}): what serves is claimed by the package, "
    )
    assert found.verified_by[TRAINING].startswith(
        f"another version's ({own_training_runtime()[:12]}, here {'2' * 12}); the replay used "
    )


def test_a_layer_that_the_companion_lacks_was_checked_by_nobody(tmp_path: Path) -> None:
    made = built(tmp_path)
    hidden = layer_of(tmp_path, "extra", {"code/hidden.py": b"import os\n"})
    main, companion = made.images()
    layers, labels = [*main.layers, hidden], {f"{LABEL}.root": made.manifest.root}
    main = assemble(main.name, None, layers, LOCK.platform, labels)
    assert wrong(examined(tmp_path, main, companion))["layer extra"] == hidden.diff_id


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
    found = examined(tmp_path, *replace(made, stack=stack).images())
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
    assert examined(tmp_path, *made.images()).bytecode
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "elsewhere"))
    (tmp_path / "again").mkdir()
    assert not examined(tmp_path / "again", *made.images()).bytecode


def test_a_layer_with_a_member_that_no_layer_may_have_is_an_error(tmp_path: Path) -> None:
    made = built(tmp_path)
    hiding = layer_of(tmp_path, "extra", {"code/.wh.train.py": b""})
    stack = replace(made.stack, below=(*made.stack.below, hiding))
    with pytest.raises(PackageError, match="hides a file of a lower layer"):
        examined(tmp_path, *replace(made, stack=stack).images())
