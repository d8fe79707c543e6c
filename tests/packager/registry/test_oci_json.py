"""Documents of images that engines would read in another way are refused."""

from __future__ import annotations

import json

import pytest

from packager.registry.oci_json import image_config, oci_manifest, saved_manifest


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"config": {"entrypoint": ["/x"]}}, "'entrypoint', which engines take for 'Entrypoint'"),
        ({"Config": {"Cmd": ["/x"]}}, "'Config', which engines take for 'config'"),
        ({"rootf\u017f": {}}, "take for 'rootfs'"),  # Go folds the long s
        ({"config": {"wor\u212aingDir": "/"}}, "take for 'WorkingDir'"),  # the Kelvin sign
        ({"rootfs": {"Diff_IDs": []}}, "take for 'diff_ids'"),
        ({"history": [{"Empty_Layer": True}]}, "take for 'empty_layer'"),
        ({"OS": "linux"}, "take for 'os'"),
    ],
)
def test_keys_in_another_spelling(content: object, found: str) -> None:
    with pytest.raises(ValueError, match=found):
        image_config(json.dumps(content).encode())


def test_a_key_given_twice() -> None:
    """Go merges both objects: what the second doesn't state stays from the first."""
    with pytest.raises(ValueError, match="expected each key once, got 'config' twice"):
        image_config(b'{"config": {"Volumes": {"/models": {}}}, "config": {"User": "1"}}')
    with pytest.raises(ValueError, match="got 'layers' twice"):
        oci_manifest(b'{"layers": [], "layers": []}')


def test_names_that_anybody_may_choose() -> None:
    config = {"config": {"Labels": {"OS": "x", "cmd": "y"}, "Volumes": {"/CONFIG": {}}}, "Size": 1}
    assert image_config(json.dumps(config).encode()) == config
    manifest = {"annotations": {"Digest": "x"}, "layers": [{"annotations": {"Size": "y"}}]}
    assert oci_manifest(json.dumps(manifest).encode()) == manifest


@pytest.mark.parametrize("key", ["Manifests", "Layers", "CONFIG", "mediatype"])
def test_a_second_kind_of_manifest_in_another_spelling(key: str) -> None:
    with pytest.raises(ValueError, match=f"the key '{key}'"):
        oci_manifest(json.dumps({"layers": [{"platform": {key: []}}]}).encode())


def test_the_manifest_of_an_archive() -> None:
    entry = {"Config": "x.json", "RepoTags": ["shop:1"], "Layers": []}
    assert saved_manifest(json.dumps([entry]).encode()) == [entry]
    with pytest.raises(ValueError, match="'layers', which engines take for 'Layers'"):
        saved_manifest(json.dumps([{**entry, "layers": ["evil.tar"]}]).encode())
