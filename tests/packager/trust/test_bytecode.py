"""Bytecode in an image is what its sources compile to."""

from __future__ import annotations

from pathlib import Path

import pytest
from trust_samples import layer_of

from packager.digest import hash_files
from packager.image.bytecode import HostCompiler
from packager.image.stack import modules_layer
from packager.trust.bytecode import bytecode_checks


def test_bytecode_where_none_was_made_is_named(tmp_path: Path) -> None:
    layer = layer_of(
        tmp_path, "code", {"code/a.py": b"", "code/__pycache__/a.cpython-311.pyc": b"other"}
    )
    wrong = [check for check in bytecode_checks((layer,), None) if not check.ok]
    assert [check.name for check in wrong] == [
        "code bytecode",
        "code bytecode: code/__pycache__/a.cpython-311.pyc",
    ]


@pytest.mark.parametrize(("name", "prefix"), [("code", "code"), ("runtime", "opt/runtime")])
def test_bytecode_that_a_build_makes_is_what_the_sources_compile_to(
    tmp_path: Path, name: str, prefix: str
) -> None:
    (tmp_path / "a.py").write_text("def f(x):\n    return x.a + x.b\n")
    compiler = HostCompiler("x")
    made = modules_layer(name, hash_files({"a.py": tmp_path / "a.py"}), prefix, compiler, True)
    (check,) = bytecode_checks((made,), compiler)
    assert check.actual == "the same"
