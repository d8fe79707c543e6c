from __future__ import annotations

import csv
import io
import tarfile
from pathlib import Path

import pytest
from host_samples import in_wheelhouse, make_wheel

from packager.errors import PackageError
from packager.image import wheels
from packager.image.layers import Layer
from packager.image.wheels import site_packages, venv_entries, wheel_layers

SITE = site_packages("3.11")
pytestmark = pytest.mark.usefixtures("cache")


class Marker:
    """A compiler that leaves a sign of where it was."""

    identity = "marker"

    def __init__(self) -> None:
        self.prefixes: list[str] = []

    def compile(self, tree: Path, prefix: str) -> None:
        self.prefixes.append(prefix)
        (tree / "compiled").write_text(prefix)


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


def layers_of(*paths: Path, compiler=None) -> list[Layer]:
    return wheel_layers([in_wheelhouse(path) for path in paths], "wheels", "3.11", compiler)


def record(files: dict[str, bytes], name: str) -> set[str]:
    rows = csv.reader(io.StringIO(files[f"{SITE}/{name}-1.0.dist-info/RECORD"].decode()))
    return {row[0] for row in rows}


def test_modules_lie_in_the_virtual_environment(tmp_path: Path):
    files = content(layers_of(make_wheel(tmp_path, "tool", {"tool/a.py": "a = 1\n"})))
    assert files[f"{SITE}/tool/a.py"] == b"a = 1\n"
    assert files[f"{SITE}/tool-1.0.dist-info/INSTALLER"] == b"package\n"
    assert set(files) == {f"{SITE}/tool/a.py"} | {
        f"{SITE}/tool-1.0.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")
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
    assert files["opt/venv/share/tool.txt"] == b"data"
    assert files["opt/venv/include/tool/tool.h"] == b"header"
    assert files[f"{SITE}/pure.py"] == b"pure = 1\n"
    assert files[f"{SITE}/plat.py"] == b"plat = 1\n"
    assert files["opt/venv/bin/run"].startswith(b"#!/opt/venv/bin/python\n")
    assert files["opt/venv/bin/native"] == b"\x7fELF"
    assert mode(layers[0], "opt/venv/bin/run") == 0o755
    assert mode(layers[0], f"{SITE}/pure.py") == 0o644


def test_an_entry_point_becomes_a_script_of_the_images_python(tmp_path: Path):
    points = "[console_scripts]\ntool = tool.cli:main\n"
    wheel = make_wheel(
        tmp_path, "tool", {"tool/cli.py": "", "tool-1.0.dist-info/entry_points.txt": points}
    )
    layers = layers_of(wheel)
    script = content(layers)["opt/venv/bin/tool"]
    assert script.startswith(b"#!/opt/venv/bin/python\n")
    assert b"from tool.cli import main" in script
    assert str(tmp_path).encode() not in script
    assert mode(layers[0], "opt/venv/bin/tool") == 0o755


def test_a_namespace_shared_by_two_wheels_holds_both(tmp_path: Path):
    one = make_wheel(tmp_path, "one", {"space/one.py": "1"})
    two = make_wheel(tmp_path, "two", {"space/two.py": "2"})
    layers = layers_of(one, two)
    assert len(layers) == 1
    assert {f"{SITE}/space/one.py", f"{SITE}/space/two.py"} <= set(content(layers))


def test_test_folders_are_left_out_of_files_and_record(tmp_path: Path):
    wheel = make_wheel(
        tmp_path,
        "tool",
        {
            "tool/a.py": "import contest.b\n",
            "tool/tests/test_a.py": "",
            "tool/tests/data/big.bin": b"0" * 100,
            "tool/deep/test/x.py": "",
            "tests/x.py": "",
            "tool/testing/kept.py": "",
            "tool/contests/kept.py": "",
            "tool/tests.py": "",
            "tool-1.0.data/data/tests/kept.txt": "",
        },
    )
    files = content(layers_of(wheel))
    assert {f"{SITE}/tool/testing/kept.py", f"{SITE}/tool/contests/kept.py"} <= set(files)
    assert {f"{SITE}/tool/tests.py", "opt/venv/tests/kept.txt"} <= set(files)
    left = [name for name in files if "/tests/" in name or "/test/" in name]
    assert left == ["opt/venv/tests/kept.txt"]
    assert not {name for name in record(files, "tool") if "/test/" in name or "tool/tests/" in name}
    assert "tool/a.py" in record(files, "tool")


@pytest.mark.parametrize(
    "line",
    [
        "from tool.tests import helper",
        "from tool.tests.helper import f",
        "import tool.tests.helper as h",
        "from .tests import helper",
        "from . import tests",
        "from tool import tests",
        "from tool import (tests)",
        "def f():\n    from tool.tests import helper",
    ],
)
def test_a_test_folder_that_other_code_imports_stays(tmp_path: Path, line: str):
    wheel = make_wheel(
        tmp_path,
        "tool",
        {"tool/a.py": f"{line}\n", "tool/tests/helper.py": "", "tool/tests/deep/x.py": ""},
    )
    files = content(layers_of(wheel))
    assert {f"{SITE}/tool/tests/helper.py", f"{SITE}/tool/tests/deep/x.py"} <= set(files)
    assert "tool/tests/helper.py" in record(files, "tool")


def test_one_imported_test_folder_does_not_keep_another(tmp_path: Path):
    wheel = make_wheel(
        tmp_path,
        "tool",
        {"tool/a.py": "import tool.x.tests.b\n", "tool/x/tests/b.py": "", "tool/y/tests/c.py": ""},
    )
    files = content(layers_of(wheel))
    assert f"{SITE}/tool/x/tests/b.py" in files
    assert f"{SITE}/tool/y/tests/c.py" not in files


def test_tests_that_import_tests_keep_nothing(tmp_path: Path):
    wheel = make_wheel(
        tmp_path, "tool", {"tool/tests/a.py": "from tool.tests import b\n", "tool/tests/b.py": ""}
    )
    assert not [name for name in content(layers_of(wheel)) if "/tests/" in name]


def test_a_big_wheel_has_a_layer_of_its_own(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(wheels, "MIN_OWN_LAYER_BYTES", 100_000)
    big = make_wheel(tmp_path, "big", {"big.bin": b"0" * 200_000})
    one, two = (make_wheel(tmp_path, name, {f"{name}.py": ""}) for name in ("one", "two"))
    layers = layers_of(one, big, two)
    assert [layer.name for layer in layers] == ["big 1.0", "wheels"]
    assert {f"{SITE}/one.py", f"{SITE}/two.py"} <= set(content(layers[1:]))


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
    assert files[f"{SITE}/compiled"] == f"/{SITE}".encode()
    layers_of(wheel, compiler=compiler)
    assert compiler.prefixes == [f"/{SITE}"]
    assert f"{SITE}/compiled" not in content(layers_of(wheel))


def test_a_wheel_that_differs_from_its_record_is_refused(tmp_path: Path):
    wheel = make_wheel(tmp_path, "tool", {"tool.py": "x"}, damaged=True)
    with pytest.raises(PackageError) as caught:
        layers_of(wheel)
    assert caught.value.message.startswith("tool-1.0-py3-none-any.whl: can't be unpacked: ")
    assert "tool.py" in caught.value.message
    assert caught.value.hint == "check the wheel with `pip install` of it"


@pytest.mark.parametrize("bad", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_what_is_no_wheel_is_refused(tmp_path: Path, bad: bytes):
    (tmp_path / "tool-1.0-py3-none-any.whl").write_bytes(bad)
    with pytest.raises(PackageError, match=r"tool-1\.0-py3-none-any\.whl: can't be unpacked"):
        layers_of(tmp_path / "tool-1.0-py3-none-any.whl")


def test_no_wheels_are_no_layers():
    assert wheel_layers([], "wheels", "3.11", None) == []


def test_the_environment_is_one_of_the_bases_interpreter():
    entries = {entry.name: entry for entry in venv_entries("3.11", "/usr/local/bin/python3.11")}
    config = entries["opt/venv/pyvenv.cfg"].source.decode()
    assert config.splitlines() == [
        "home = /usr/local/bin",
        "include-system-site-packages = false",
        "version = 3.11",
    ]
    assert entries["opt/venv/bin/python"].link == "/usr/local/bin/python3.11"
    assert entries["opt/venv/bin/python3"].link == "python"
    assert SITE in entries
