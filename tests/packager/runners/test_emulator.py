"""Emulators are found by their names; an image that gives no answers is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.runners import emulator
from packager.runners.emulator import _read, find_emulator


def test_an_emulator_is_a_static_program_on_the_path(tmp_path: Path, monkeypatch):
    program = tmp_path / "qemu-aarch64-static"
    names: list[str] = []
    monkeypatch.setattr(emulator, "find_program", lambda name: names.append(name) or str(program))
    assert find_emulator("linux/arm64") == program
    assert names == ["qemu-aarch64-static"]
    monkeypatch.setattr(emulator, "find_program", lambda _: None)
    assert find_emulator("linux/amd64") is None


def test_answers_are_read_and_errors_are_told(tmp_path: Path):
    (tmp_path / "found").write_text('{"labels": [1]}')
    assert _read(tmp_path / "found", "0") == {"labels": [1]}
    with pytest.raises(PackageError, match="under emulation: it ended with signal 11"):
        _read(tmp_path / "absent", "signal 11")
    (tmp_path / "found").write_text('{"error": "no module"}')
    with pytest.raises(PackageError, match="under emulation: no module"):
        _read(tmp_path / "found", "0")
