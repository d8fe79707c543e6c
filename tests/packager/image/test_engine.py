"""What is removed from an engine, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.image.assemble import assemble
from packager.image.engine import Engine
from packager.image.layers import Entry, plain_layer
from packager.image.outputs import load_into
from packager.progress import Silent


@pytest.mark.engine
def test_an_image_removed_later_is_there_until_the_end_and_its_layers_are_held(
    engine: Engine, tmp_path: Path
) -> None:
    layer = plain_layer("one", tmp_path / "one.tar", [Entry("a", source=b"1")])
    image = assemble("package-test-later:1", None, [layer], engine.platform, {})
    with engine.removing_later():
        load_into(engine, image, Silent())
        engine.remove(image.name)
        assert engine.describe(image.name) is not None
        assert engine.is_containerd or engine.held_layers([layer.diff_id]) == 1
    assert engine.describe(image.name) is None
    engine.remove(image.name)  # what is gone already is no error
