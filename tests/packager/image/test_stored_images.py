"""Images stored as files, verified as they are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from image_samples import make_images

from packager.image.export import (
    write_archive,
)
from packager.image.stored_images import read_archive


@pytest.fixture
def images(tmp_path: Path):
    return make_images(tmp_path / "layers")


def test_layers_that_lie_in_an_archive_are_streamed_by_their_own_size(tmp_path: Path, images):
    first, second = tmp_path / "first.tar", tmp_path / "second.tar"
    write_archive(images, first)
    write_archive(read_archive(first, "first"), second)
    assert second.read_bytes() == first.read_bytes()
