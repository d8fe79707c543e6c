"""Environments unpacked for this machine's Python: made of real wheels, and asked by it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from host_samples import in_wheelhouse, make_wheel

from packager.cache import cache_directory
from packager.errors import PackageError
from packager.image.environments import environment_layer
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.runtime import HARNESS, VENV
from packager.image.wheels import WheelUnpacker, grouped
from packager.runners import unpacked
from packager.runners.unpacked import unpacked_environments

PYTHON = f"{unpacked.sys.version_info.major}.{unpacked.sys.version_info.minor}"
pytestmark = [pytest.mark.usefixtures("cache"), pytest.mark.slow]


def layers(home: str, *wheels: Path) -> list[Layer]:
    with WheelUnpacker(PYTHON, None) as unpacker:
        folders = unpacker.folders([in_wheelhouse(wheel) for wheel in wheels])
    made = environment_layer("environment", home, PYTHON, "/usr/bin/python3", folders)
    return [*grouped(folders, "wheels"), made]


def answer(python: Path, code: str) -> object:
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_an_environment_has_the_modules_metadata_and_data_of_its_wheels(tmp_path: Path) -> None:
    points = "[console_scripts]\ntool = tool:main\n[plug]\nin = tool:main\n"
    tool = make_wheel(
        tmp_path,
        "tool",
        {
            "tool.py": "answer = 42\n",
            "space/one.py": "part = 1\n",
            "tool-1.0.data/data/share/tool.txt": "data",
            "tool-1.0.dist-info/entry_points.txt": points,
        },
    )
    other = make_wheel(
        tmp_path,
        "other",
        {"space/two.py": "part = 2\n", "other.pth": "inner\nimport o_start\n",
         "o_start.py": "import sys; sys.started = 'tool' in sys.modules or True\n",
         "inner/deep.py": "x = 3\n"},
    )  # fmt: skip
    ready = unpacked_environments(layers(VENV, other, tool))
    asked = """
import json, sys, tool, deep, space.one, space.two, importlib.metadata as m
from pathlib import Path
files = m.files("tool")
print(json.dumps({
    "answer": [tool.answer, space.one.part, space.two.part, deep.x, sys.started],
    "version": m.version("other"),
    "plugs": [p.name for p in m.entry_points(group="plug")],
    "missing": [str(f) for f in files if not f.locate().exists()],
    "script": "../../../bin/tool" in map(str, files),
    "data": Path(sys.prefix, "share/tool.txt").read_text(),
    "distributions": sorted(d.name for d in m.distributions()),
}))
"""
    assert answer(ready.python(VENV), asked) == {
        "answer": [42, 1, 2, 3, True],
        "version": "1.0",
        "plugs": ["in"],
        "missing": [],
        "script": True,
        "data": "data",
        "distributions": ["other", "tool"],
    }


def test_packages_share_the_folders_of_their_layers(tmp_path: Path) -> None:
    tool, other = (make_wheel(tmp_path, name, {f"{name}.py": "x = 1\n"}) for name in ("a", "b"))
    one = unpacked_environments(layers(VENV, tool))
    before = set(cache_directory("environments").iterdir())
    two = unpacked_environments([*layers(VENV, tool), *layers(HARNESS, tool, other)[-1:]])
    assert one.root != two.root
    assert set(cache_directory("environments").iterdir()) - before == {two.root}
    assert set(one.folders) & set(two.folders) == set(one.folders) - {one.root}
    assert answer(one.python(VENV), "import a; print(a.x)") == 1


def test_a_folder_of_several_layers_is_whole(tmp_path: Path) -> None:
    parts = [
        plain_layer(name, tmp_path / f"{name}.tar", [Entry(f"opt/wheels/a/{name}.py", b"")])
        for name in ("one", "two", "three")
    ]
    ready = unpacked_environments(parts)
    assert {path.stem for path in (ready.root / "opt/wheels/a").glob("*.py")} == {
        *("one", "two", "three")
    }
    assert {path.stem for path in (ready.folders[1] / "opt/wheels/a").glob("*.py")} == {"one"}


@pytest.mark.parametrize(
    "place",
    ["opt/venv", "opt/venv/bin", "opt/venv/lib", "opt/harness", "opt/wheels", "opt/wheels/a"],
)
def test_an_environment_that_is_a_link_is_not_adopted(tmp_path: Path, place: str):
    own = tmp_path / "own"
    (own / "bin").mkdir(parents=True)
    for name in ("pyvenv.cfg", "bin/python", "python"):
        (own / name).write_text("mine\n")
    link = Entry(place, link=str(own))
    layers = [
        plain_layer("wheels", tmp_path / "wheels.tar", [link]),
    ]
    with pytest.raises(PackageError, match=f"at {place}, got a link|leaves its folder"):
        unpacked_environments(layers)
    assert {path.read_text() for path in own.rglob("*") if path.is_file()} == {"mine\n"}
