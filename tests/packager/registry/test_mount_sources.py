from __future__ import annotations

from pathlib import Path

import pytest

from packager.registry import mount_sources as sources
from packager.registry.mount_sources import mount_sources, remember_blobs


def test_the_last_repository_of_a_blob_is_remembered_by_host():
    remember_blobs("r.example:5000", "a", ["d1", "d2"])
    remember_blobs("r.example:5000", "b", ["d2"])
    assert mount_sources("r.example:5000") == {"d1": "a", "d2": "b"}
    assert mount_sources("r.example") == {}


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sources, "MAX_BLOBS", 2)
    remember_blobs("h", "a", ["d1", "d2"])
    remember_blobs("h", "b", ["d1", "d3"])
    assert mount_sources("h") == {"d1": "b", "d3": "b"}


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[["a"]]', '[["a", 1]]', "null"])
def test_a_damaged_file_is_no_error(cache: Path, text: str):
    remember_blobs("h", "a", ["d1"])
    (cache / "registries" / "h.json").write_text(text)
    assert mount_sources("h") == {}
