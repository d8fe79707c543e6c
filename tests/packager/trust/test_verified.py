"""A package runs only if its image is what its manifest records: files, links, modes, settings."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from built_packages import Built, built
from signed_packages import new_key, sign_folder, signed_folder
from trust_samples import layer_of

from packager.errors import PackageError
from packager.image.config import Image
from packager.image.export import write_archive, write_oci
from packager.image.layer_entries import copy_members
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.reference import open_reference
from packager.image.runtime import INSTALLED_AT
from packager.progress import NullProgress
from packager.trust.keys import PrivateKey
from packager.trust.store import keep_bundles
from packager.trust.verified import open_verified, repository_of, run_checks

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """One package, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield built(tmp_path_factory.mktemp("built"))


def wrong(folder: Path, *images: Image) -> dict[str, str]:
    """Failed checks before a run of the package and its companion, and what was found."""
    write_oci(images, folder / "oci")
    with open_reference(str(folder / "oci"), None) as reference:
        checks = run_checks(reference, companion=True)
    return {check.name: check.actual for check in checks if not check.ok}


def test_a_package_as_it_was_built_runs(made: Built, tmp_path: Path) -> None:
    assert wrong(tmp_path, *made.images()) == {}
    with open_verified(str(tmp_path / "oci"), None, NullProgress(), companion=True) as found:
        assert found.manifest == made.manifest


@pytest.mark.parametrize("key", ["architecture", "os"])
def test_an_image_of_a_platform_that_no_record_describes_does_not_run(
    made: Built, tmp_path: Path, key: str
) -> None:
    image, companion = made.images()
    config = json.loads(image.config) | {key: "s390x"}
    changed = replace(image, config=json.dumps(config).encode())
    write_oci([changed, companion], tmp_path / "oci")
    with (
        pytest.raises(PackageError, match="a companion for linux/amd64, not for"),
        open_verified(str(tmp_path / "oci"), None, NullProgress()),
    ):
        pass
    write_oci([changed], tmp_path / "oci")
    with (
        pytest.raises(
            PackageError,
            match="expected an image for linux/amd64, as its manifest records, got one for",
        ) as raised,
        open_verified(str(tmp_path / "oci"), None, NullProgress()),
    ):
        pass
    assert raised.value.hint


def test_other_bytecode_of_the_same_source_does_not_run(made: Built, tmp_path: Path) -> None:
    def planted(layer: Layer) -> Layer:
        name = f"{INSTALLED_AT}/serving/__pycache__/app.cpython-311.pyc"
        entries = [*copy_members([layer]), Entry(name, source=b"UNCHECKED_HASH")]
        return plain_layer(layer.name, tmp_path / "planted.tar", entries)

    write_oci(made.with_layer("runtime", planted).images(), tmp_path / "oci")
    with (
        pytest.raises(PackageError, match="was changed after it was built") as raised,
        open_verified(str(tmp_path / "oci"), None, NullProgress()),
    ):
        pass
    assert "serving/__pycache__/app.cpython-311.pyc" in raised.value.message
    assert "--check` lists all differences" in (raised.value.hint or "")


def test_a_layer_on_top_is_no_part_of_the_package(made: Built, tmp_path: Path) -> None:
    image, companion = made.images()
    extra = layer_of(tmp_path, "extra", {"etc/ld.so.preload": b"/code/x.so\n"})
    changed = replace(made, own=(*made.own, extra)).images()[0]
    found = wrong(tmp_path, changed, companion)
    assert "file /etc/ld.so.preload" in " ".join(found)
    assert image.layers != changed.layers


@pytest.mark.parametrize("name", ["data", "package"])
def test_no_layer_above_replaces_the_records_of_the_package(
    made: Built, tmp_path: Path, name: str
) -> None:
    companion = made.images()[1]
    other = made.manifest.model_copy(update={"name": "other"}).dump()
    above = layer_of(tmp_path, name, {"package/manifest.json": other})
    changed = replace(made, own=(*made.own, above)).images()[0]
    if name == "package":
        with pytest.raises(PackageError, match="package root: expected"):
            wrong(tmp_path, changed, companion)
    else:
        assert "companion file /package/manifest.json" in wrong(tmp_path, changed, companion)


def test_a_known_layer_is_not_read_again(
    made: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_oci(made.images(), tmp_path / "oci")
    with open_verified(str(tmp_path / "oci"), None, NullProgress()):
        pass

    def fail(*_: object) -> None:
        raise AssertionError("a layer was read")

    monkeypatch.setattr("packager.image.engine_copy.verify", fail)
    with open_verified(str(tmp_path / "oci"), None, NullProgress()):
        pass


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    return new_key(tmp_path_factory.mktemp("keys") / "k")


def opened(folder: Path, key: PrivateKey | None = None) -> Collected:
    """What is reported when the package is opened to be run; raises as that does."""
    progress = Collected()
    public = None if key is None else key.public
    with open_verified(str(folder), None, progress, public) as found:
        progress.pinned = found.pinned
    return progress


class Collected(NullProgress):
    """Keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.pinned = False

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def test_with_a_key_only_what_it_signed_runs(made: Built, key: PrivateKey, tmp_path: Path) -> None:
    write_oci(made.images(), tmp_path / "oci")
    with pytest.raises(PackageError, match="not verified: signature: expected a sig") as raised:
        opened(tmp_path / "oci", key)
    assert "`package verify` prints every link" in (raised.value.hint or "")
    sign_folder(tmp_path / "oci", key)
    assert opened(tmp_path / "oci", key).pinned
    assert not opened(tmp_path / "oci").pinned
    bad = made.with_layer("model", lambda _: layer_of(tmp_path, "model", {"models/model": b"x"}))
    signed_folder(tmp_path / "good", made.images(), key)
    bundles = tmp_path / "good"
    write_oci(bad.images(), tmp_path / "bad")
    shutil.copytree(bundles / "blobs", tmp_path / "bad" / "blobs", dirs_exist_ok=True)
    with pytest.raises(PackageError, match="not verified: signature"):
        opened(tmp_path / "bad", key)


@pytest.mark.parametrize("mode", ["warn", "enforce"])
def test_the_policy_of_the_machine_demands_signatures_without_a_key_option(
    made: Built, key: PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    (tmp_path / "k.pub").write_bytes(key.public.pem)
    policy = tmp_path / "policy.toml"
    monkeypatch.setenv("MODEL_PACKAGER_TRUST", str(policy))

    def refused(rule: str, message: str) -> None:
        policy.write_text(f'mode = "{mode}"\n{rule}')
        if mode == "enforce":
            with pytest.raises(PackageError, match=message):
                opened(tmp_path / "oci")
        else:
            (told,) = opened(tmp_path / "oci").warnings
            assert told.startswith("not trusted, but the policy only warns: shop:1.0.0-")
            assert re.search(message, told)

    rule = f'[[rule]]\nrepository = "{tmp_path}/*"\nkeys = ["k.pub"]\n'
    write_oci(made.images(), tmp_path / "oci")
    refused(rule, "not verified: signature")
    sign_folder(tmp_path / "oci", key)
    policy.write_text(f'mode = "{mode}"\n{rule}')
    assert opened(tmp_path / "oci").warnings == []
    refused("", f"no rule of the policy is for {tmp_path}/oci")
    refused(f'{rule}require = ["replay"]\n', "not verified: replay: required, but none signed")
    refused(f'{rule}minimum_version = "2.0"\n', "policy: version: expected 2.0 or later, got 1.0.0")
    refused(f"{rule}roots = ['{'1' * 64}']\n", "policy: roots: .* is not listed")
    policy.write_text(f'mode = "off"\n{rule}')
    write_oci(made.images(), tmp_path / "oci")
    assert not opened(tmp_path / "oci").pinned


def test_a_name_that_anybody_can_write_chooses_no_rule(
    made: Built, key: PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [replace(image, name=f"lenient/{image.name}") for image in made.images()]
    write_oci(images, tmp_path / "oci")
    with open_reference(str(tmp_path / "oci"), None) as found:
        assert found.name.startswith("lenient/")
        assert repository_of(found) == str(tmp_path / "oci")
    write_archive(images, tmp_path / "image.tar")
    monkeypatch.chdir(tmp_path)
    with open_reference("docker-archive:image.tar", None) as found:
        assert repository_of(found) == str(tmp_path / "image.tar")
    sign_folder(tmp_path / "oci", key)
    policy = tmp_path / "policy.toml"
    monkeypatch.setenv("MODEL_PACKAGER_TRUST", str(policy))
    (tmp_path / "k.pub").write_bytes(key.public.pem)
    rules = "".join(
        f'[[rule]]\nrepository = "{name}"\nkeys = ["k.pub"]\n' for name in ("shop", "lenient/*")
    )
    policy.write_text(f'mode = "enforce"\n{rules}')
    for place in ("oci", "oci:../" + tmp_path.name + "/oci", "image.tar"):
        with (
            pytest.raises(
                PackageError, match=f"no rule of the policy is for {tmp_path}/"
            ) as raised,
            open_verified(place, None, NullProgress()),
        ):
            pass
        assert "add a [[rule]] with this repository" in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("shop:1", "shop"),
        ("shop", "shop"),
        ("team/shop:1", "team/shop"),
        ("localhost:5000/shop", "localhost:5000/shop"),
        ("localhost:5000/shop:1", "localhost:5000/shop"),
        ("localhost:5000/shop@sha256:" + "1" * 64, "localhost:5000/shop"),
    ],
)
def test_the_repository_of_an_image_in_an_engine_is_named_without_its_tag(
    made: Built, tmp_path: Path, name: str, repository: str
) -> None:
    write_oci(made.images(), tmp_path / "oci")
    with open_reference(str(tmp_path / "oci"), None) as found:
        assert repository_of(replace(found, name=name, folder=None)) == repository


def test_a_companion_without_its_image_says_what_to_name(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    bundles = signed_folder(tmp_path / "oci", made.images(), key)
    write_oci(made.images()[1:], tmp_path / "alone")
    with open_reference(str(tmp_path / "alone"), None) as found:
        keep_bundles(found, bundles, key)
    with pytest.raises(PackageError, match="not verified: ") as raised:
        opened(tmp_path / "alone", key)
    assert "a companion without its image, whose signatures are of both" in (
        raised.value.hint or ""
    )


def test_a_path_that_leaves_through_a_link_is_where_it_leads(made: Built, tmp_path: Path) -> None:
    """``models/link/../oci`` is no package in ``models``: the link leads elsewhere."""
    (tmp_path / "elsewhere" / "inner").mkdir(parents=True)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "link").symlink_to(tmp_path / "elsewhere" / "inner")
    write_oci(made.images(), tmp_path / "elsewhere" / "oci")
    with open_reference(f"{tmp_path}/models/link/../oci", None) as found:
        assert repository_of(found) == str((tmp_path / "elsewhere" / "oci").resolve())
