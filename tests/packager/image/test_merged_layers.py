"""Small layers become one: the bytes are those of a tar made of all their entries."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from packager.image.layers import Entry, plain_layer, write_tar
from packager.image.merged_layers import write_merged

ONE = [Entry("bin/run", source=b"1" * 700, mode=0o755), Entry("e"), Entry("m/" + "x" * 200, b"l")]
TWO = [Entry("bin/link", link="run"), Entry("n/a", b""), Entry("bin/z", b"2" * 512)]
THREE = [Entry("n/a", b"later"), Entry("a", mode=0o700)]


@pytest.mark.parametrize("parsed", [False, True])
@pytest.mark.parametrize("several", [[ONE, TWO], [TWO, ONE, THREE], [THREE, TWO], [ONE]])
def test_small_layers_become_one_with_all_their_members(
    tmp_path: Path, several: list[list[Entry]], parsed: bool
) -> None:
    layers = [plain_layer(f"{n}", tmp_path / f"{n}.tar", one) for n, one in enumerate(several)]
    expected = write_tar(tmp_path / "expected.tar", [entry for one in several for entry in one])
    if parsed:  # from the cache: the headers are read
        layers = [type(one)(one.name, one.path, one.diff_id, one.size) for one in layers]
    made = write_merged(tmp_path / "made.tar", layers)
    assert (tmp_path / "made.tar").read_bytes() == (tmp_path / "expected.tar").read_bytes()
    assert (made.diff_id, made.size) == (expected.diff_id, expected.size)
    with tarfile.open(tmp_path / "made.tar") as tar:
        places = [(info.name, info.offset, info.offset_data) for info in tar]
    assert [(info.name, info.offset, info.offset_data) for info in made.members] == places
