from __future__ import annotations

from packager.manifest.dvc_version import DvcVersion


def test_the_digest_tells_a_folder_from_a_file() -> None:
    file = DvcVersion(file="x.dvc", output="x", digest="a" * 32, algorithm="md5")
    assert not file.is_folder
    assert file.model_copy(update={"digest": "a" * 32 + ".dir"}).is_folder
