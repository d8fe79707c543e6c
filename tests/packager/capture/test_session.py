"""Which namespace and source the code that calls the product has."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from packager.capture.session import NO_SOURCE, Session, current_session


def test_code_that_an_editor_runs_in_parts_has_its_namespace_and_file(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    text = "def f(x):\n    return x\nfrom packager.capture.session import current_session\n"
    text += "found = current_session()\n"
    file.write_text(text)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text, str(file), "exec"), names)
    found: Session = names["found"]
    assert found.names is names
    assert [cell.file for cell in found.cells] == [str(file)]
    assert found.defines(names["f"])
    assert found.own() == {id(names["f"]): "f"}


def test_an_imported_module_is_no_session() -> None:
    assert current_session().names is vars(sys.modules["__main__"])


def test_a_session_without_source_says_so() -> None:
    assert current_session({"__name__": "__main__"}).why == NO_SOURCE


def test_a_file_that_is_no_python_any_more_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text("def broken(:\n")
    assert current_session({"__name__": "__main__", "__file__": str(file)}).cells == ()
