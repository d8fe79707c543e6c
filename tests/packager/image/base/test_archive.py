"""A file that is not an archive of a base, or is for another machine, is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packager.errors import PackageError, UsageError
from packager.image.base.archive import HINT
from packager.image.base.base import restore_base
from packager.image.layers import Entry, plain_layer


def test_a_file_that_is_no_archive_of_a_base_is_refused(cache: Path, tmp_path: Path):
    with pytest.raises(UsageError) as caught:
        restore_base(tmp_path / "gone.tar", None)
    assert caught.value.message == f"{tmp_path}/gone.tar: no such file"
    (tmp_path / "text.tar").write_text("text\n" * 1000)
    plain_layer("other", tmp_path / "other.tar", [Entry("file", b"1")])
    manifest = json.dumps([{"Config": "c", "RepoTags": None, "Layers": []}]).encode()
    plain_layer("untagged", tmp_path / "untagged.tar", [Entry("manifest.json", manifest)])
    manifest = json.dumps(json.loads(manifest) * 2).encode()
    plain_layer("two", tmp_path / "two.tar", [Entry("manifest.json", manifest)])
    for name, got in (
        ("text", ""),
        ("other", "a tar without manifest.json"),
        ("untagged", "an image with 0 names"),
        ("two", "an archive of 2 images"),
    ):
        with pytest.raises(
            UsageError, match=f"expected the archive of one base, got {got}"
        ) as caught:
            restore_base(tmp_path / f"{name}.tar", None)
        assert caught.value.hint == HINT
        assert "\n" not in caught.value.message


def test_a_package_or_a_base_for_another_machine_is_refused(cache: Path, tmp_path: Path):
    config = {"os": "linux", "architecture": "s390x", "config": {"Env": []}}
    labels = {"model-packager.root": "x"}
    for name, told in (("base", {}), ("package", labels)):
        written = json.dumps({**config, "config": {"Labels": told}}).encode()
        manifest = json.dumps([{"Config": "c", "RepoTags": ["a:1"], "Layers": []}]).encode()
        members = [Entry("manifest.json", manifest), Entry("c", written)]
        plain_layer(name, tmp_path / f"{name}.tar", members)
    with pytest.raises(PackageError, match="a base for linux/s390x can't be probed"):
        restore_base(tmp_path / "base.tar", None)
    with pytest.raises(UsageError, match="expected the archive of one base, got a package"):
        restore_base(tmp_path / "package.tar", None)
