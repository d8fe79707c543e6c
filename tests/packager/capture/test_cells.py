"""The source of cells, as IPython keeps it, and of files whose code ran."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from packager.capture.cells import FILE, file_cells, first_line, ipython_cells

LINE = "get_ipython().run_line_magic('matplotlib', 'inline')"


def test_magics_that_run_code_are_read_through_and_others_are_no_names() -> None:
    cells = ipython_cells(
        [
            "",
            f"{LINE}\nx = 1",
            "get_ipython().run_cell_magic('time', '', 'y = 2\\nz = 3\\n')",
            "get_ipython().run_cell_magic('bash', '', 'echo x')",
            "def broken(:",
            "a = 1\nget_ipython().run_line_magic('time', 'b = a')",
        ]
    )
    assert [(cell.number, cell.source) for cell in cells] == [
        (1, f"{LINE}\nx = 1"),
        (2, "y = 2\nz = 3\n"),
        (3, "get_ipython().run_cell_magic('bash', '', 'echo x')"),
        (5, "a = 1"),
        (5, "b = a"),
    ]


def test_the_body_of_a_magic_is_made_python_too() -> None:
    cells = ipython_cells(
        ["", "get_ipython().run_cell_magic('time', '', '%who\\nx = 1')"],
        lambda text: text.replace("%who", "pass"),
    )
    assert [cell.source for cell in cells] == ["pass\nx = 1"]


def test_a_cell_is_shown_by_its_number_and_first_line() -> None:
    (cell,) = ipython_cells(["", "\n  # data\nx = 1"[1:].lstrip()])
    assert cell.shown == "cell 1, # data"
    assert first_line("x" * 100) == f"{'x' * 59}…"


def test_files_are_found_by_the_code_that_ran(tmp_path: Path) -> None:
    file = tmp_path / "part.py"
    file.write_text("def f():\n    return 1\nclass C:\n    def g(self):\n        return 2\n")
    names: dict[str, Any] = {"__name__": "__main__", "other": Path}
    exec(compile(file.read_text(), str(file), "exec"), names)
    (cell,) = file_cells(names, [])
    assert (cell.number, cell.file, cell.shown) == (FILE, str(file), str(file))
    assert file_cells(names, [cell]) == []


def test_code_without_a_file_has_no_source() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("def f():\n    return 1", names)
    assert file_cells(names, []) == []


def test_a_script_is_one_cell_even_without_definitions(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text("x = 1\n")
    (cell,) = file_cells({"__name__": "__main__", "__file__": str(file)}, [])
    assert cell.source == "x = 1\n"
    assert sys.modules["__main__"] is not None
