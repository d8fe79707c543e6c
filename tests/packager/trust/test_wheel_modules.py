"""Modules, licences and names of wheels, read from the wheels."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from modelhost.pickles.modules import INSTALLED, OWN
from packager.digest import sha256_file
from packager.environment.wheels import wheel_path
from packager.manifest.manifest import Wheel
from packager.trust.wheel_modules import WheelModules


def wheel(folder: Path, sha256: str | None = None) -> Wheel:
    """A wheel in the cache, with a module in Python and a compiled one."""
    file = folder / "one-1.0-py3-none-any.whl"
    with ZipFile(file, "w") as archive:
        archive.writestr("one/__init__.py", "from .two import Model")
        archive.writestr("one/two.py", "class Model: ...")
        archive.writestr("one/fast.abi3.so", b"")
        archive.writestr("one-1.0.dist-info/METADATA", "Name: one\nLicense: MIT\n")
    digest = sha256 or sha256_file(file)
    made = Wheel(name="one", version="1.0", filename=file.name, sha256=digest, groups=("model",))
    wheel_path(made).parent.mkdir(parents=True)
    wheel_path(made).write_bytes(file.read_bytes())
    return made


def test_modules_of_code_and_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text("")
    with WheelModules([tmp_path / "code"], [wheel(tmp_path)]) as modules:
        names = ("train", "one", "one.two", "one.fast", "three")
        found = {name: modules.find(name) for name in names}
        origins = [None if one is None else one.origin for one in found.values()]
        assert origins == [OWN, INSTALLED, INSTALLED, INSTALLED, None]
        assert found["one.fast"] is not None
        assert found["one.fast"].text is None
        assert "one" in modules.tops()
        assert [*modules.metadata()] == ["one-1.0-py3-none-any.whl"]
        assert modules.absent == []


def test_a_wheel_that_is_not_the_locked_file_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    with WheelModules([], [wheel(tmp_path, "0" * 64)]) as modules:
        assert modules.absent == ["one-1.0-py3-none-any.whl"]
        assert modules.find("one") is None
