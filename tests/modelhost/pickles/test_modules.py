"""Where a module comes from, without importing it."""

from __future__ import annotations

from pathlib import Path

from modelhost.pickles.modules import INSTALLED, OWN, STANDARD, Modules, NoModules, here


def test_the_first_place_counts_and_the_standard_library_comes_before_all(tmp_path: Path) -> None:
    for folder in ("own", "site"):
        (tmp_path / folder / "pack").mkdir(parents=True)
        (tmp_path / folder / "pack" / "__init__.py").write_text(f"where = {folder!r}")
        (tmp_path / folder / "os.py").write_text("")
    (tmp_path / "site" / "fast.cpython-311-x86_64-linux-gnu.so").write_bytes(b"")
    (tmp_path / "site" / "space").mkdir()
    (tmp_path / "site" / "space" / "part.py").write_text("")
    found = Modules([tmp_path / "own"], [tmp_path / "site"])
    pack = found.find("pack")
    assert pack is not None
    assert (pack.origin, pack.text, pack.package) == (OWN, "where = 'own'", True)
    names = ("os", "os.path", "fast", "space.part", "space", "gone", "..", "")
    origins = [None if one is None else one.origin for one in map(found.find, names)]
    assert origins == [STANDARD, STANDARD, INSTALLED, INSTALLED, None, None, None, None]


def test_this_process_has_its_libraries_and_not_this_project() -> None:
    found = here().find("sklearn.tree._tree")
    assert found is not None
    assert (found.origin, found.text) == (INSTALLED, None)
    assert NoModules().find("sklearn") is None
