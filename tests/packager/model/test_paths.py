"""Paths inside the image, or below a root folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.model.paths import Root


@pytest.mark.parametrize(("value", "path"), [(None, "/"), ("", "/"), ("/srv/x", "/srv/x")])
def test_the_root_is_named_by_the_environment_or_that_of_the_image(monkeypatch, value, path):
    if value is None:
        monkeypatch.delenv("MODEL_ROOT", raising=False)
    else:
        monkeypatch.setenv("MODEL_ROOT", value)
    assert Root.from_environment() == Root(Path(path))


def test_every_place_is_below_the_root_and_none_within_another_but_the_model():
    root = Root(Path("/r"))
    places = [root.code, root.models, root.package, root.source, root.test, root.retrained]
    assert all(place.is_relative_to("/r") for place in places)
    for place in places:
        assert not any(place.is_relative_to(other) for other in places if other != place)
    assert root.model.parent == root.models
