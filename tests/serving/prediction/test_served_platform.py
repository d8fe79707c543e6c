"""Which platform a package's files are of."""

from __future__ import annotations

from pathlib import Path

from host_samples import LOCK, MANIFEST

from packager.manifest.base import FileEntry
from packager.model.paths import Root
from serving.prediction.served_platform import UNNAMED, ServedPlatform


def test_the_lock_in_the_package_says_the_platform(tmp_path: Path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package/lock.json").write_bytes(LOCK.dump())
    known = MANIFEST.platforms["linux/amd64"]
    own = FileEntry.of(tmp_path / "package/lock.json", "lock.json")
    arm = known.model_copy(update={"files": (own,), "proved_on": None})
    named = {"linux/amd64": known.model_copy(update={"files": ()}), "linux/arm64": arm}
    manifest = MANIFEST.model_copy(update={"platforms": named})
    root = Root(tmp_path)
    assert ServedPlatform.of(manifest, root) == ("linux/arm64", None)
    nothing = MANIFEST.model_copy(update={"platforms": {}})
    assert ServedPlatform.of(nothing, root) == UNNAMED
