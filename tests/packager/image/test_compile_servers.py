"""Modules compiled from memory have the bytes that a new interpreter compiles of files."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.image.bytecode import COMPILE, HostCompiler
from packager.image.compile_servers import CompileServers, bytecode_path, walk_order

pytestmark = pytest.mark.slow

SHARED = 'ONE = {"MULTI", "EXEC"}\ndef f(x):\n    return x in {"MULTI", "EXEC"}\n'
MODULES = {
    "zeta.py": b"import os\nname = 'walk'\n",
    "a/first.py": b"MULTI = EXEC = DISCARD = shown = 1\n",
    "a/second.py": f"{SHARED}def g(x):\n    return x in {{'MULTI', 'EXEC'}}\n".encode(),
    "a/broken.py": b"def (:\n",
    "a/nulls.py": b"x = 1\0\n",
    "a/latin.py": b"# -*- coding: latin-1 -*-\nx = '\xe4'\n",
    "a/wrong.py": b"x = '\xe4'\n",
    "a/warned.py": b"def f(prefix):\n    return prefix is 'tree'\n",
    "a/b/deep.py": b"tree = prefix = folder = 'names'\n",
    "a/b/__init__.py": b"",
    "A.py": b"def buffer(fork, wait):\n    return fork.wait(buffer)\n",
    "\udce4.py": b"x = 1\n",
}


def on_disk(folder: Path) -> dict[str, bytes]:
    for name, source in MODULES.items():
        place = folder / os.fsencode(name).decode(errors="surrogateescape")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(source)
    HostCompiler("x").compile(folder, "/opt/code")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.pyc")
    }


def test_the_bytes_are_those_of_a_new_interpreter_and_of_files(tmp_path: Path):
    expected = on_disk(tmp_path)
    with HostCompiler("x").opened() as compile_modules:
        for _ in range(2):  # the second tree is compiled as if it were the first
            assert compile_modules(MODULES, "/opt/code") == expected
    tag = sys.implementation.cache_tag
    left_out = {"a/broken.py", "a/nulls.py", "a/wrong.py"}
    assert {*expected} == {bytecode_path(name, tag) for name in MODULES.keys() - left_out}


def test_several_threads_have_an_interpreter_each():
    with HostCompiler("x").opened() as compile_modules, ThreadPoolExecutor(3) as pool:
        trees = [{f"m{n}.py": b"x = %d\n" % n} for n in range(9)]
        found = list(pool.map(lambda tree: compile_modules(tree, "/code"), trees))
        assert found == [compile_modules(tree, "/code") for tree in trees]
        assert compile_modules({}, "/code") == {}


def test_files_of_a_folder_come_before_those_of_its_folders(tmp_path: Path):
    for name in MODULES:
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    walked = []
    for folder, folders, names in os.walk(tmp_path):
        folders.sort()
        walked += [Path(folder, name).relative_to(tmp_path).as_posix() for name in sorted(names)]
    assert sorted(MODULES, key=walk_order) == walked


@pytest.mark.parametrize(
    "script", ["import sys; sys.exit('no such base')", "import os; os.abort()"]
)
def test_an_interpreter_that_fails_is_an_error_with_its_last_words(script: str):
    command = [sys.executable, "-c", script]
    with (
        CompileServers(command, {}, ("the base's interpreter failed", "check it")) as servers,
        pytest.raises(PackageError, match="the base's interpreter failed: ") as caught,
    ):
        servers.compile(MODULES, "/code")
    assert caught.value.hint == "check it"
    if "exit" in script:
        assert caught.value.message.endswith("no such base")


def test_a_child_that_ends_is_an_error():
    dying = COMPILE.replace("p, i = [], 0", "os.abort()")
    command = [sys.executable, "-S", "-c", dying]
    with (
        CompileServers(command, {}, ("it failed", "")) as servers,
        pytest.raises(PackageError, match="it failed"),
    ):
        servers.compile({"a.py": b""}, "/code")
