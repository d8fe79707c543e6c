"""Compressed layers of a folder are read as they are stored, whatever the cache has of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from built_packages import built
from registry_packages import damage
from signed_packages import new_key, sign_folder, verified, wrong

from packager.digest import canonical_json, sha256_bytes
from packager.image.export import write_oci
from packager.image.reference import open_reference
from packager.trust.examine import examine
from packager.trust.stored_layers import stored_checks


def compressed(folder: Path) -> list[Path]:
    """Compress the layers of the images in an OCI folder; returns those of the first image."""
    blobs, index = folder / "blobs" / "sha256", json.loads((folder / "index.json").read_bytes())
    paths: list[Path] = []

    def put(content: bytes) -> dict[str, object]:
        (blobs / sha256_bytes(content)).write_bytes(content)
        return {"digest": f"sha256:{sha256_bytes(content)}", "size": len(content)}

    for entry in index["manifests"]:
        manifest = json.loads((blobs / entry["digest"][7:]).read_bytes())
        for layer in manifest["layers"]:
            content = (blobs / layer["digest"][7:]).read_bytes()
            layer |= put(gzip.compress(content, 1, mtime=0))
            layer["mediaType"] += "+gzip"
        paths = paths or [blobs / one["digest"][7:] for one in manifest["layers"]]
        entry |= put(canonical_json(manifest))
    (folder / "index.json").write_text(json.dumps(index))
    return paths


@pytest.mark.slow
def test_a_layer_damaged_after_it_was_unpacked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    folder, key = tmp_path / "oci", new_key(tmp_path / "k")
    write_oci(built(tmp_path).images(), folder)
    layers = compressed(folder)
    sign_folder(folder, key)
    assert verified(folder, key.public).verified
    damage(layers[-1])
    name = "layer package: as stored"
    assert list(wrong(verified(folder, key.public))) == [name]
    with open_reference(str(folder), None) as reference:
        failed = [check for check in examine(reference, None).checks if not check.ok]
        assert {check.name for check in failed} == {name}
        assert f"sha256:{layers[-1].name}" == failed[0].expected
        assert stored_checks(reference, reference.stored_image(companion=True)) == failed[:1]
