"""The files that describe an image's software, as a container would see them."""

from __future__ import annotations

from pathlib import Path

import pytest
from trust_samples import layer_of

from packager.errors import PackageError
from packager.image.layers import Layer
from packager.trust import image_inventory
from packager.trust.image_inventory import read_inventory

A, B = "usr/lib/python3/dist-packages/a-1.dist-info", "opt/b.egg-info"


def layers(folder: Path, *contents: dict[str, bytes]) -> list[Layer]:
    return [layer_of(folder, f"layer{number}", files) for number, files in enumerate(contents)]


def test_only_files_that_describe_software_are_kept(tmp_path: Path):
    found = read_inventory(
        layers(
            tmp_path,
            {
                f"{A}/METADATA": b"Name: A_b\nVersion: 1.0\n",
                f"{A}/RECORD": b"",
                f"{A}/sboms/x.cdx.json": b"{}",
                f"{B}/PKG-INFO": b"Name: b\n",
                "usr/lib/os-release": b'ID=debian\n# words\nVERSION_ID="12"\n',
                "etc/passwd": b"root",
                "models/model": b"",
            },
        )
    )
    one, other = sorted(found.distributions, key=lambda each: each.folder, reverse=True)
    assert (one.folder, one.identity, dict(one.sboms)) == (A, ("a-b", "1.0"), {"x.cdx.json": b"{}"})
    assert (other.folder, other.identity) == (B, None)
    assert found.release == {"ID": "debian", "VERSION_ID": "12"}
    assert len(found.files) == 4


@pytest.mark.parametrize(
    ("upper", "left"),
    [
        ({}, b"Name: a\nVersion: 1\n"),
        ({f"{A}/METADATA": b"Name: a\nVersion: 2\n"}, b"Name: a\nVersion: 2\n"),
        ({f"{A}/.wh.METADATA": b""}, None),
        ({"usr/lib/python3/.wh.dist-packages": b""}, None),
        ({"usr/lib/python3/.wh..wh..opq": b""}, None),
        # A file in place of a folder hides what was in it.
        ({"usr/lib/python3": b"a file"}, None),
        ({"usr/lib/python3/.wh.dist": b""}, b"Name: a\nVersion: 1\n"),
        # A layer's whiteout hides nothing of its own.
        ({f"{A}/METADATA": b"new", "usr/lib/python3/.wh..wh..opq": b""}, b"new"),
    ],
)
def test_upper_layers_replace_and_remove_files_of_lower_ones(tmp_path: Path, upper, left):
    lower = {f"{A}/METADATA": b"Name: a\nVersion: 1\n"}
    found = read_inventory(layers(tmp_path, lower, upper))
    assert found.files == ({} if left is None else {f"{A}/METADATA": left})


def test_an_image_without_a_release_has_none(tmp_path: Path):
    assert read_inventory(layers(tmp_path, {"usr/lib/os-release.d/x": b""})).release == {}


def test_metadata_beyond_any_real_image_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(image_inventory, "MAX_BYTES", 5)
    with pytest.raises(PackageError, match=r"expected metadata of at most .* got 1 files and 6"):
        read_inventory(layers(tmp_path, {f"{A}/METADATA": b"123456"}))
    monkeypatch.setattr(image_inventory, "MAX_FILES", 1)
    with pytest.raises(PackageError, match="metadata of more than 1 files"):
        read_inventory(layers(tmp_path, {f"{A}/METADATA": b"", f"{A}/sboms/a": b""}))
