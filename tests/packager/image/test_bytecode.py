"""Bytecode is compiled by the base's own interpreter, wherever it runs."""

from __future__ import annotations

import marshal
from pathlib import Path
from types import CodeType

import pytest
from saved_bases import saved

from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.base.base import BaseImage
from packager.image.base.probe import HOST_VERSION
from packager.image.bytecode import ContainerCompiler, HostCompiler


def test_a_foreign_base_compiles_in_a_container_or_by_an_equal_python(
    tmp_path: Path,
):
    engine = object.__new__(Engine)
    assert isinstance(BaseImage(saved(), tmp_path, engine).compiler(), ContainerCompiler)
    equal = saved(version=HOST_VERSION)
    assert isinstance(BaseImage(equal, tmp_path, None).compiler(), HostCompiler)
    with pytest.raises(PackageError) as caught:
        BaseImage(saved(version="3.11.99"), tmp_path, None).compiler()
    assert "programs of a base from elsewhere run in containers only" in caught.value.message
    assert "run `package` under Python 3.11.99" in caught.value.hint


def test_an_equal_python_compiles_as_a_fresh_process(tmp_path: Path):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit(3)\n")
    HostCompiler("x").compile(tmp_path, "/code")
    assert len(list((tmp_path / "__pycache__").glob("a.*.pyc"))) == 1


def test_a_link_to_a_file_of_another_system_is_not_compiled(tmp_path: Path):
    """Debian's ``sitecustomize.py`` is one; this machine's file of that name is not the base's."""
    outside = tmp_path / "etc.py"
    outside.write_text("x = 1\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "sitecustomize.py").symlink_to(outside)
    (tree / "dangling.py").symlink_to(tmp_path / "absent.py")
    (tree / "a.py").write_text("x = 1\n")
    HostCompiler("x").compile(tree, "/usr/lib/python3")
    assert [path.name.partition(".")[0] for path in tree.rglob("*.pyc")] == ["a"]


@pytest.mark.parametrize("columns", [True, False])
def test_bytecode_has_the_columns_of_instructions_if_asked_and_lines_always(*, columns: bool):
    with HostCompiler("x").opened(columns=columns) as compile_modules:
        (made,) = compile_modules({"a.py": b"def f(x):\n    return x.a + x.b\n"}, "/code").values()
    code = marshal.loads(made[16:])
    (inner,) = (one for one in code.co_consts if isinstance(one, CodeType))
    positions = list(inner.co_positions())
    assert {line for line, *_ in positions} == {1, 2}
    assert any(start is not None for _, _, start, _ in positions) == columns
