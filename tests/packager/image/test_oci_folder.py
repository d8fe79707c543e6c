"""The documents of an OCI folder, each verified by its digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from packager.digest import sha256_bytes
from packager.image.oci_folder import IMAGE_CONFIGS, blob_path, is_runnable, stored_blob

ROOTFS = b'{"rootfs": {"type": "layers", "diff_ids": []}}'


def stored(folder: Path, content: bytes) -> str:
    """Store a blob; returns its digest."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    (blobs / sha256_bytes(content)).write_bytes(content)
    return f"sha256:{sha256_bytes(content)}"


def test_a_blob_is_compared_with_its_digest_and_bounded(tmp_path: Path) -> None:
    digest = stored(tmp_path, b"content")
    assert stored_blob(tmp_path, digest, 7) == b"content"
    with pytest.raises(ValueError, match="expected at most 6 bytes, got 7"):
        stored_blob(tmp_path, digest, 6)
    (tmp_path / "blobs" / "sha256" / digest[7:]).write_bytes(b"another")
    with pytest.raises(ValueError, match=f"content that does not match {digest}"):
        stored_blob(tmp_path, digest, 7)


@pytest.mark.parametrize(
    "digest", ["sha512:" + "0" * 128, "sha256:" + "A" * 64, "sha256:../x", "sha256:" + "0" * 63]
)
def test_other_digests_are_refused(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ValueError, match="expected sha256: and 64 hex digits"):
        blob_path(tmp_path, digest)


def test_a_link_in_place_of_a_blob_is_refused(tmp_path: Path) -> None:
    digest = stored(tmp_path, b"x")
    path = tmp_path / "blobs" / "sha256" / digest[7:]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="expected a regular file"):
        blob_path(tmp_path, digest)


@pytest.mark.parametrize(
    ("config", "content", "runnable"),
    [
        ({"mediaType": "application/vnd.oci.empty.v1+json"}, b"{}", False),
        ({"mediaType": "application/vnd.oci.empty.v1+json"}, ROOTFS, True),
        ({"mediaType": "x/y"}, ROOTFS.replace(b"rootfs", b"\\u0072ootF\xc5\xbf"), True),
        ({"mediaType": "x/y"}, b"a chart: 1", False),
        ({"mediaType": "x/y"}, b"[" * 2000, False),
        ({"mediaType": IMAGE_CONFIGS[0]}, b"{}", True),
        (None, b"", False),
    ],
)
def test_what_is_attached_is_an_image_if_its_config_is_that_of_one(
    tmp_path: Path, config: dict[str, Any] | None, content: bytes, runnable: bool
) -> None:
    if config is not None:
        config = {**config, "digest": stored(tmp_path, content)}
    assert is_runnable(tmp_path, {"config": config, "layers": []}) is runnable


def test_a_config_that_is_not_there_is_that_of_no_image(tmp_path: Path) -> None:
    config = {"mediaType": "x/y", "digest": f"sha256:{'0' * 64}"}
    assert not is_runnable(tmp_path, {"config": config})
