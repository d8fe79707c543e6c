"""Runs notebooks in a real kernel: those of ``notebooks/``, whose cells are divided by ``# %%``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent / "notebooks"
TEACHING = sorted(file.name.removesuffix(".py.txt") for file in FOLDER.glob("*.py.txt"))
SECONDS = 600


def cells_of(text: str) -> list[str]:
    """The cells of a text in which ``# %%`` divides them."""
    return [part.strip("\n") for part in text.split("# %%\n")]


def teaching_cells(name: str, *, output: str | None) -> list[str]:
    """The cells of a notebook of ``notebooks/``; it prepares its project without an ``output``."""
    cells = cells_of((FOLDER / f"{name}.py.txt").read_text())
    if output is None:
        cells[-1] = cells[-1].replace("packager.pack(", "packager.prepare(")
    else:
        cells[-1] = cells[-1].removesuffix(")") + f", output={output!r})"
    return cells


def run(cells: list[str], folder: Path) -> list[nbformat.NotebookNode]:
    """Run cells in a kernel of this Python, in ``folder``; return the executed cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    client = NotebookClient(
        made,
        timeout=SECONDS,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = f"{sys.prefix}/share/jupyter"
    try:
        client.execute()
    finally:
        if before is None:
            del os.environ["JUPYTER_PATH"]
        else:
            os.environ["JUPYTER_PATH"] = before
    return list(made.cells)


def error_of(cell: nbformat.NotebookNode) -> str:
    """Name and text of the cell's error; empty without one."""
    found = [one for one in cell.outputs if one.output_type == "error"]
    return f"{found[0].ename}: {found[0].evalue}" if found else ""


def printed(cell: nbformat.NotebookNode) -> str:
    """The stdout of the cell."""
    return "".join(one.text for one in cell.outputs if one.get("name") == "stdout")
