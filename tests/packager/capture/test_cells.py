"""The source of a script and of a session."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from packager.capture.cells import SCRIPT, namespace_of, session_cells


def test_a_script_is_one_cell(tmp_path: Path) -> None:
    main = ModuleType("__main__")
    main.__file__ = str(tmp_path / "script.py")
    Path(main.__file__).write_text("x = 1\n")
    cells, why = session_cells(main)
    assert [(cell.number, cell.source) for cell in cells] == [(SCRIPT, "x = 1\n")]
    assert why == ""
    assert namespace_of(main) is vars(main)


def test_code_that_was_given_to_exec_has_no_source() -> None:
    cells, why = session_cells(ModuleType("__main__"))
    assert (cells, why) == ([], "the session has no source: it was typed, or run by exec")
