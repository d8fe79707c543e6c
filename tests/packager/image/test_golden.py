from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from trust_samples import layer_of

from packager.errors import PackageError
from packager.image.golden import FILE, golden_rows
from packager.manifest.base import FileEntry
from packager.manifest.evaluation import Golden

from host_samples import MANIFEST  # isort: skip

GOLDEN = Golden(rows=({"x": 1},), expected=({"prediction": "a"},))


class Package:
    """The parts of a package in a folder that are read."""

    name = "shop:1"
    engine = None

    def __init__(self, folder: Path, listed: bytes | None, content: bytes) -> None:
        entries = []
        if listed is not None:
            (folder / FILE).write_bytes(listed)
            entries = [FileEntry.of(folder / FILE, FILE)]
        self.manifest = MANIFEST.model_copy(update={"files": tuple(entries)})
        self.layers = (layer_of(folder, "package", {f"package/{FILE}": content}),)

    def stored_image(self) -> Any:
        return replace_layers(self.layers)


def replace_layers(layers: Any) -> Any:
    from packager.image.config import Image

    return replace(Image("shop:1", b"{}", ()), layers=layers)


def test_the_rows_of_the_manifest_are_read(tmp_path):
    package: Any = Package(tmp_path, GOLDEN.dump(), GOLDEN.dump())
    assert golden_rows(package) == GOLDEN


def test_a_package_without_them_has_none(tmp_path):
    package: Any = Package(tmp_path, None, b"")
    assert golden_rows(package) is None


def test_other_content_than_that_of_the_manifest_is_refused(tmp_path):
    package: Any = Package(tmp_path, GOLDEN.dump(), b"{}")
    with pytest.raises(PackageError, match=r"golden\.json: expected sha256"):
        golden_rows(package)


def test_another_document_is_refused(tmp_path):
    package: Any = Package(tmp_path, b'{"rows": 3}', b'{"rows": 3}')
    with pytest.raises(PackageError, match="expected rows with answers, got another document"):
        golden_rows(package)
