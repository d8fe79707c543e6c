"""Entries that are copied from layers make a layer with all their members."""

from __future__ import annotations

import tarfile
from pathlib import Path

from packager.image.layer_entries import copy_members
from packager.image.layers import Entry, plain_layer, write_tar


def test_small_layers_become_one_with_all_their_members(tmp_path: Path):
    one = plain_layer(
        "one", tmp_path / "1.tar", [Entry("bin/run", source=b"1", mode=0o755), Entry("e")]
    )
    two = plain_layer("two", tmp_path / "2.tar", [Entry("bin/link", link="run"), Entry("n/a", b"")])
    write_tar(tmp_path / "both.tar", copy_members([one, two]))
    with tarfile.open(tmp_path / "both.tar") as tar:
        found = {info.name: info for info in tar}
    assert sorted(found) == ["bin", "bin/link", "bin/run", "e", "n", "n/a"]
    assert found["bin/run"].mode == 0o755
    assert found["bin/link"].linkname == "run"
    assert found["n/a"].isfile()
