"""Bytecode in an image is what its sources compile to."""

from __future__ import annotations

from pathlib import Path

from trust_samples import layer_of

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
