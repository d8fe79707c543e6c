"""The results of a training become layer entries: regular files, and only relevant ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from host_samples import MANIFEST

from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.image.layers import Entry, plain_layer
from packager.manifest.base import FileEntry
from packager.run.replay_stage import regular_entries, same_model


def left(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_model_and_the_result_are_taken_and_nothing_else(tmp_path: Path):
    folder = left(tmp_path, model__a__b="1", model__c="2", notes="3", modelled="4")
    (folder / "result.json").write_text("{}")
    found = {entry.name for entry in regular_entries(folder, "retrained")}
    assert found == {"retrained/model/a/b", "retrained/model/c", "retrained/result.json"}


@pytest.mark.parametrize("target", ["/etc/passwd", "c", "nowhere", "."])
def test_a_link_is_refused_wherever_it_leads(tmp_path: Path, target: str):
    folder = left(tmp_path, model__c="2")
    (folder / "model" / "link").symlink_to(target)
    with pytest.raises(PackageError, match="left model/link, which is not a regular file"):
        regular_entries(folder, "retrained")


def test_a_pipe_is_refused_even_beside_the_model(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PackageError, match="left pipe, which is not a regular file"):
        regular_entries(tmp_path, "retrained")


@pytest.mark.parametrize(
    ("files", "same"),
    [
        ({"a": b"1", "b": b"2"}, True),
        ({"a": b"1", "b": b"3"}, False),
        ({"a": b"1"}, False),
        ({"a": b"1", "b": b"2", "c": b""}, False),
    ],
)
def test_a_model_is_the_same_by_every_file_and_byte(tmp_path: Path, files, same):
    recorded = {"a": b"1", "b": b"2"}
    model = tuple(FileEntry(path=n, sha256=sha256_bytes(c), size=1) for n, c in recorded.items())
    manifest = MANIFEST.model_copy(update={"model": model})
    entries = [Entry("retrained"), Entry("retrained/model")]
    entries += [Entry(f"retrained/model/{name}", source=content) for name, content in files.items()]
    assert same_model(plain_layer("retrained", tmp_path / "l.tar", entries), manifest) is same
