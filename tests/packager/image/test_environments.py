from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import in_wheelhouse, make_wheel

from packager.image.environments import environment_entries, environment_layer, paths_file
from packager.image.layers import Entry
from packager.image.wheels import WheelFolder, WheelUnpacker

pytestmark = pytest.mark.usefixtures("cache")
PREFIX = "../../../../wheels"


def folders_of(*paths: Path) -> list[WheelFolder]:
    with WheelUnpacker("3.11", None) as unpacker:
        return unpacker.folders([in_wheelhouse(path) for path in paths])


def entries(home: str, *paths: Path) -> dict[str, Entry]:
    """The members of the layer of an environment, by name."""
    made = environment_layer("environment", home, "3.11", "/usr/bin/python3.11", folders_of(*paths))
    found = {}
    with made.members() as members:
        for info in members:
            content = b"".join(members.chunks(info)) if info.isreg() else None
            found[info.name] = Entry(info.name, content, info.linkname or None, info.mode)
    return found


def test_an_environment_is_one_of_the_bases_interpreter() -> None:
    made = environment_entries("opt/venv", "3.11", "/usr/local/bin/python3.11", ())
    found = {entry.name: entry for entry in made}
    assert isinstance(found["opt/venv/pyvenv.cfg"].source, bytes)
    assert found["opt/venv/pyvenv.cfg"].source.decode().splitlines() == [
        "home = /usr/local/bin",
        "include-system-site-packages = false",
        "version = 3.11",
    ]
    assert found["opt/venv/bin/python"].link == "/usr/local/bin/python3.11"
    assert found["opt/venv/bin/python3"].link == "python"
    assert found["opt/venv/lib/python3.11/site-packages/environment.pth"].source == b""


def test_folders_are_listed_relative_in_the_order_of_the_lock(tmp_path: Path) -> None:
    one, two = (make_wheel(tmp_path, name, {f"{name}.py": ""}) for name in ("one", "two"))
    folders = folders_of(two, one)
    lines = paths_file("opt/venv", "3.11", folders).splitlines()
    assert lines == [
        f"{PREFIX}/{folder.path.rpartition('/')[2]}/lib/python3.11/site-packages"
        for folder in folders
    ]


def test_path_files_of_wheels_run_after_all_folders_are_known(tmp_path: Path) -> None:
    one = make_wheel(tmp_path, "one", {"z.pth": "inner\n"})
    two = make_wheel(tmp_path, "two", {"a.pth": "import one\n"})
    three = make_wheel(tmp_path, "three", {"inner/x.pth": "nothing\n"})
    folders = folders_of(one, two, three)
    places = [f"{PREFIX}/{f.path.rpartition('/')[2]}/lib/python3.11/site-packages" for f in folders]
    assert paths_file("opt/venv", "3.11", folders).splitlines() == [
        *places,
        f"import os, site; site.addsitedir(os.path.join(sitedir, {places[1]!r}))",
        f"import os, site; site.addsitedir(os.path.join(sitedir, {places[0]!r}))",
    ]


@pytest.mark.parametrize("home", ["opt/venv", "opt/harness"])
def test_scripts_run_with_the_environments_interpreter(tmp_path: Path, home: str) -> None:
    points = "[console_scripts]\ntool = tool.cli:main\n"
    wheel = make_wheel(
        tmp_path,
        "tool",
        {
            "tool/cli.py": "",
            "tool-1.0.dist-info/entry_points.txt": points,
            "tool-1.0.data/scripts/run": "#!python\nprint(1)\n",
            "tool-1.0.data/scripts/shell": "#!/bin/sh\n",
            "tool-1.0.data/scripts/native": b"\x7fELF",
        },
    )
    found = entries(home, wheel)
    run, tool = found[f"{home}/bin/run"], found[f"{home}/bin/tool"]
    assert run.source == f"#!/{home}/bin/python\nprint(1)\n".encode()
    assert isinstance(tool.source, bytes)
    assert tool.source.startswith(f"#!/{home}/bin/python\n".encode())
    assert b"from tool.cli import main" in tool.source
    assert str(tmp_path).encode() not in tool.source
    assert (run.mode, tool.mode) == (0o755, 0o755)
    folder = folders_of(wheel)[0].path.rpartition("/")[2]
    assert found[f"{home}/bin/native"].link == f"../../wheels/{folder}/bin/native"
    assert found[f"{home}/bin/shell"].link == f"../../wheels/{folder}/bin/shell"


def test_data_and_headers_are_links_that_work_anywhere(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        "tool",
        {
            "tool.py": "",
            "tool-1.0.data/data/share/deep/tool.txt": "data",
            "tool-1.0.data/headers/tool.h": "header",
            "tool-1.0.data/data/bin/python": "no interpreter",
        },
    )
    found = entries("opt/venv", wheel)
    folder = folders_of(wheel)[0].path.rpartition("/")[2]
    links = {name: entry.link for name, entry in found.items() if entry.link}
    assert links == {
        "opt/venv/share/deep/tool.txt": f"../../../wheels/{folder}/share/deep/tool.txt",
        "opt/venv/include/tool/tool.h": f"../../../wheels/{folder}/include/tool/tool.h",
        "opt/venv/bin/python": "/usr/bin/python3.11",
        "opt/venv/bin/python3": "python",
    }
