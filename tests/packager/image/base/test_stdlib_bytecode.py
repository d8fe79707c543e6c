from __future__ import annotations

import marshal
from pathlib import Path

from tiny_bases import MINOR, SOURCE, STDLIB, tiny_layers

from packager.image.base.stdlib_bytecode import plain_library
from packager.image.bytecode import HostCompiler
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.stacked_files import StackedFiles

TAG = f"cpython-{MINOR.replace('.', '')}"


def made(folder: Path, *more: Entry) -> Layer | None:
    layers = [layer.path for layer in tiny_layers(folder)]
    layers.append(plain_layer("more", folder / "more.tar", more).path)
    with StackedFiles(layers) as tree:
        interpreter = f"/usr/local/bin/python{MINOR}"
        library = plain_library(tree, interpreter, MINOR)
        if library is None:
            return None
        return library.bytecode(HostCompiler(""), folder / "made.tar")


def files(layer: Layer) -> dict[str, bytes]:
    with layer.members() as members:
        return {i.name: b"".join(members.chunks(i)) for i in members if i.isreg()}


def test_modules_that_a_server_may_import_are_compiled(tmp_path: Path):
    layer = made(tmp_path)
    assert layer is not None
    found = files(layer)
    names = {f"{STDLIB}/__pycache__/os.{TAG}.pyc", f"{STDLIB}/json/__pycache__/__init__.{TAG}.pyc"}
    assert found.keys() == names  # neither tests, nor packages, nor what a whiteout hides
    code = marshal.loads(found[f"{STDLIB}/__pycache__/os.{TAG}.pyc"][16:])
    assert code.co_filename == f"/{STDLIB}/os.py"
    again = made(tmp_path / "again")
    assert again is not None
    assert again.diff_id == layer.diff_id


def test_a_library_with_bytecode_gets_none(tmp_path: Path):
    assert made(tmp_path, Entry(f"{STDLIB}/__pycache__/os.{TAG}.pyc", source=b"")) is None


def test_a_base_without_a_library_gets_none(tmp_path: Path):
    assert made(tmp_path, Entry(f"{STDLIB}/.wh.os.py", source=b"")) is None


def test_no_folder_replaces_a_link_of_the_base(tmp_path: Path):
    """A layer with a folder at the place of the link would hide what is behind it."""
    elsewhere = f"srv/python{MINOR}"
    layer = made(
        tmp_path,
        Entry(f"usr/local/lib/.wh.python{MINOR}", source=b""),
        Entry(STDLIB, link=f"/{elsewhere}"),
        Entry(f"{elsewhere}/os.py", source=SOURCE),
    )
    assert layer is not None
    assert set(files(layer)) == {f"{elsewhere}/__pycache__/os.{TAG}.pyc"}
