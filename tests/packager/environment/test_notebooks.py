"""The Python code in notebooks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packager.environment.notebooks import notebook_cells


def test_lines_that_only_ipython_reads_are_empty(tmp_path: Path):
    cells = [
        {"cell_type": "code", "source": ["%load_ext x\n", "a = 1\n", "files = %who\n", "a?"]},
        {"cell_type": "code", "source": "%%capture out\nb = 2"},
        {"cell_type": "code", "source": "%%html\n<p>"},
        {"cell_type": "code", "source": 3},
        {"cell_type": "raw", "source": "c = 3"},
        4,
    ]
    file = tmp_path / "a.ipynb"
    file.write_text(json.dumps({"cells": cells}))
    assert [cell.split() for cell in notebook_cells(file)] == [["a", "=", "1"], ["b", "=", "2"]]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"cells": 3}'])
def test_what_is_no_notebook_is_an_error(tmp_path: Path, text: str):
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(ValueError, match=r"Expecting|expected"):
        list(notebook_cells(tmp_path / "a.ipynb"))
