"""Layers in the cache: made once, and again if they are damaged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.image.layer_cache import cached_layer
from packager.image.layers import Entry, plain_layer


def test_a_layer_is_made_once_for_its_key(cache: Path):
    made = []

    def make():
        made.append(1)
        return [Entry("a", source=b"1")]

    first = cached_layer("one", ["key", 1], make)
    again = cached_layer("called otherwise", ["key", 1], make)
    assert (first.source, again.source, len(made)) == ("built", "cached", 1)
    assert (first.diff_id, first.path, first.size) == (again.diff_id, again.path, again.size)
    assert cached_layer("one", ["key", 2], make).source == "built"


def test_a_layer_half_there_is_made_again(cache: Path):
    def make() -> list[Entry]:
        return [Entry("a", source=b"1")]

    first = cached_layer("one", ["key"], make)
    first.path.with_suffix(".json").unlink()
    assert cached_layer("one", ["key"], make) == first
    first.path.unlink()
    assert cached_layer("one", ["key"], make).source == "built"


def test_a_failure_while_making_leaves_nothing(cache: Path):
    def fail():
        yield Entry("a", source=b"1")
        raise OSError("disk full")

    with pytest.raises(PackageError, match="disk full"):
        cached_layer("one", ["key"], fail)
    assert list((cache / "layers").iterdir()) == []


def test_a_cut_layer_in_the_cache_is_made_again(cache: Path):
    layer = cached_layer("one", ["key"], lambda: [Entry("a", source=b"1")])
    os.truncate(layer.path, 512)
    again = cached_layer("one", ["key"], lambda: [Entry("a", source=b"1")])
    assert again.source == "built"
    assert b"".join(again.read()) == layer.path.read_bytes()


def test_fresh_rebuilds_the_layer(cache: Path):
    cached_layer("one", ["key"], lambda: [Entry("a", source=b"1")])
    assert (
        cached_layer("one", ["key"], lambda: [Entry("a", source=b"1")], fresh=True).source
        == "built"
    )


def test_changed_bytes_are_reported_when_they_are_read(cache: Path):
    layer = cached_layer("one", ["key"], lambda: [Entry("a", source=b"1")])
    content = layer.path.read_bytes()
    layer.path.write_bytes(content.replace(b"1", b"2"))
    with pytest.raises(PackageError) as caught:
        list(layer.read())
    assert caught.value.message.startswith(f"layer one: expected {layer.diff_id}, got sha256:")
    assert "run the command again, which makes the layer again" in caught.value.hint
    again = cached_layer("one", ["key"], lambda: [Entry("a", source=b"1")])
    assert again.source == "built"
    assert b"".join(again.read()) == content


def test_a_layer_with_a_damaged_record_is_made_again(cache: Path):
    layer = cached_layer("one", ["key"], lambda: [Entry("a", source=b"1")])
    layer.path.with_suffix(".json").write_bytes(b"{")
    assert cached_layer("one", ["key"], lambda: [Entry("a", source=b"1")]).source == "built"


def test_a_layer_elsewhere_stays_as_it_is(tmp_path: Path):
    layer = plain_layer("one", tmp_path / "one.tar", [Entry("a", source=b"1")])
    (tmp_path / "one.json").write_text("{}")
    layer.path.write_bytes(layer.path.read_bytes().replace(b"1", b"2"))
    with pytest.raises(PackageError) as caught:
        list(layer.read())
    assert "--no-cache" in caught.value.hint
    assert (tmp_path / "one.json").exists()
