from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from host_samples import in_wheelhouse, locked, make_wheel

from packager.errors import PackageError
from packager.image import wheels
from packager.image.bytecode import CompileModules
from packager.image.layers import Layer
from packager.image.wheels import WheelFolder, WheelUnpacker, folder_path, grouped, site_packages

pytestmark = pytest.mark.usefixtures("cache")


class Marker:
    """A compiler that leaves a sign of where it was."""

    identity = "marker"

    def __init__(self) -> None:
        self.prefixes: list[str] = []

    @contextmanager
    def opened(self) -> Iterator[CompileModules]:
        yield self._compile

    def _compile(self, _: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
        self.prefixes.append(prefix)
        return {"mark.pyc": prefix.encode()}


def content(layers: list[Layer]) -> dict[str, bytes]:
    """Every file of some layers."""
    files = {}
    for layer in layers:
        with tarfile.open(layer.path) as tar:
            files |= {i.name: tar.extractfile(i).read() for i in tar if i.isfile()}
    return files


def mode(layer: Layer, name: str) -> int:
    with tarfile.open(layer.path) as tar:
        return tar.getmember(name).mode


def folders_of(*paths: Path, compiler=None) -> list[WheelFolder]:
    with WheelUnpacker("3.11", compiler) as unpacker:
        return unpacker.folders([in_wheelhouse(path) for path in paths])


def layers_of(*paths: Path, compiler=None) -> list[Layer]:
    return grouped(folders_of(*paths, compiler=compiler), "wheels")


def top(*paths: Path) -> str:
    """The folder of these wheels."""
    return folder_path([locked(path) for path in paths])


def site(*paths: Path) -> str:
    return site_packages(top(*paths), "3.11")


def record(files: dict[str, bytes], wheel: Path) -> set[str]:
    name = wheel.name.partition("-")[0]
    rows = csv.reader(io.StringIO(files[f"{site(wheel)}/{name}-1.0.dist-info/RECORD"].decode()))
    return {row[0] for row in rows}


def test_a_wheel_lies_in_a_folder_named_by_its_digest(tmp_path: Path):
    wheel = make_wheel(tmp_path, "tool", {"tool/a.py": "a = 1\n"})
    files = content(layers_of(wheel))
    assert top(wheel) == f"opt/wheels/{locked(wheel).sha256[:16]}"
    assert files[f"{site(wheel)}/tool/a.py"] == b"a = 1\n"
    assert files[f"{site(wheel)}/tool-1.0.dist-info/INSTALLER"] == b"package\n"
    assert set(files) == {f"{site(wheel)}/tool/a.py"} | {
        f"{site(wheel)}/tool-1.0.dist-info/{name}"
        for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")
    }


def test_every_scheme_of_a_wheel_has_its_place(tmp_path: Path):
    wheel = make_wheel(
        tmp_path,
        "tool",
        {
            "tool-1.0.data/data/share/tool.txt": "data",
            "tool-1.0.data/headers/tool.h": "header",
            "tool-1.0.data/purelib/pure.py": "pure = 1\n",
            "tool-1.0.data/platlib/plat.py": "plat = 1\n",
            "tool-1.0.data/scripts/run": "#!python\nprint(1)\n",
            "tool-1.0.data/scripts/native": b"\x7fELF",
        },
    )
    layers = layers_of(wheel)
    files = content(layers)
    assert files[f"{top(wheel)}/share/tool.txt"] == b"data"
    assert files[f"{top(wheel)}/include/tool/tool.h"] == b"header"
    assert files[f"{site(wheel)}/pure.py"] == b"pure = 1\n"
    assert files[f"{site(wheel)}/plat.py"] == b"plat = 1\n"
    assert files[f"{top(wheel)}/bin/run"].startswith(b"#!/opt/venv/bin/python\n")
    assert files[f"{top(wheel)}/bin/native"] == b"\x7fELF"
    assert mode(layers[0], f"{top(wheel)}/bin/run") == 0o755
    assert mode(layers[0], f"{site(wheel)}/pure.py") == 0o644
    listed = record(files, wheel)
    assert {"../../../bin/run", "../../../share/tool.txt", "../../../include/tool/tool.h"} <= listed


def test_wheels_of_a_namespace_keep_their_folders(tmp_path: Path):
    one = make_wheel(tmp_path, "one", {"space/one.py": "1"})
    two = make_wheel(tmp_path, "two", {"space/two.py": "2"})
    assert {f"{site(one)}/space/one.py", f"{site(two)}/space/two.py"} <= set(
        content(layers_of(one, two))
    )


def test_wheels_that_share_a_package_share_a_folder(tmp_path: Path):
    one = make_wheel(tmp_path, "one", {"space/__init__.py": "", "space/one.py": "1"})
    other = make_wheel(tmp_path, "other", {"other.py": ""})
    two = make_wheel(tmp_path, "two", {"space/__init__.py": "", "space/two.py": "2"})
    folders = folders_of(one, other, two)
    assert [[wheel.name for wheel in folder.wheels] for folder in folders] == [
        ["one", "two"],
        ["other"],
    ]
    assert folders[0].path == top(one, two)
    assert folders[0].path not in (top(one), top(two))
    files = content(grouped(folders, "wheels"))
    shared = site(one, two)
    assert {f"{shared}/space/one.py", f"{shared}/space/two.py"} <= set(files)
    assert not [name for name in files if name.startswith((top(one), top(two)))]


def test_a_big_wheel_has_a_layer_of_its_own(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(wheels, "MIN_OWN_LAYER_BYTES", 100_000)
    big = make_wheel(tmp_path, "big", {"big.bin": b"0" * 200_000})
    one, two = (make_wheel(tmp_path, name, {f"{name}.py": ""}) for name in ("one", "two"))
    layers = layers_of(one, big, two)
    assert [layer.name for layer in layers] == ["big 1.0", "wheels"]
    assert {f"{site(one)}/one.py", f"{site(two)}/two.py"} <= set(content(layers[1:]))


def test_the_same_wheels_give_the_same_layers_in_another_cache(tmp_path: Path, monkeypatch):
    paths = [make_wheel(tmp_path, name, {f"{name}/a.py": name}) for name in ("one", "two")]
    first = layers_of(*paths)
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "elsewhere"))
    again = layers_of(*paths)
    assert [layer.source for layer in again] == ["built"]
    assert [layer.diff_id for layer in again] == [layer.diff_id for layer in first]


def test_the_compiler_works_on_site_packages_once_a_wheel(tmp_path: Path):
    compiler, wheel = Marker(), make_wheel(tmp_path, "tool", {"tool.py": ""})
    files = content(layers_of(wheel, compiler=compiler))
    assert files[f"{site(wheel)}/mark.pyc"] == f"/{site(wheel)}".encode()
    layers_of(wheel, compiler=compiler)
    assert compiler.prefixes == [f"/{site(wheel)}"]
    assert f"{site(wheel)}/mark.pyc" not in content(layers_of(wheel))


def test_a_wheel_of_several_environments_is_unpacked_once_also_without_cache(tmp_path: Path):
    compiler = Marker()
    one, two = (in_wheelhouse(make_wheel(tmp_path, n, {f"{n}.py": ""})) for n in ("one", "two"))
    with WheelUnpacker("3.11", compiler, fresh=True) as unpacker:
        unpacker.start([one, two])
        assert unpacker.folders([one, two])[1] == unpacker.folders([two])[0]
    assert sorted(compiler.prefixes) == sorted(
        f"/{site_packages(folder_path([wheel]), '3.11')}" for wheel in (one, two)
    )


def test_no_wheels_are_no_layers():
    assert layers_of() == []


def test_a_damaged_small_layer_is_not_merged_but_made_again(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "one", {"one.py": "value = 12345\n"})
    (built,) = folders_of(wheel)[0].layers
    whole = built.path.read_bytes()
    built.path.write_bytes(whole.replace(b"12345", b"54321"))
    with pytest.raises(PackageError, match=r"layer one 1\.0: expected sha256:") as caught:
        layers_of(wheel)
    assert "run the command again" in str(caught.value.hint)
    (merged,) = layers_of(wheel)
    assert content([merged]) == content([built])
    assert built.path.read_bytes() == whole
