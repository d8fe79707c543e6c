"""The Python code in the cells of a Jupyter notebook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_BYTES = 64 << 20
"""Of a notebook; results in it, such as pictures, are large."""
_PYTHON_MAGICS = frozenset({"%%time", "%%timeit", "%%capture", "%%prun"})
_OTHER = re.compile(r"^\s*(?:[%!]|.*\?\s*$|\w+\s*=\s*[%!])")
"""A line of a cell that IPython reads and Python does not."""


def notebook_cells(file: Path) -> Iterator[str]:
    """The code of each cell, without IPython's own lines; nothing for other languages.

    Raises ``ValueError`` for a file that is no notebook.
    """
    if file.stat().st_size > MAX_BYTES:
        raise ValueError(f"expected at most {MAX_BYTES:,} bytes")
    content = json.loads(file.read_bytes())
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise ValueError("expected a notebook with cells")
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            code = _python(_source(cell))
            if code.strip():
                yield code


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def _python(source: str) -> str:
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%"):
        source = rest if first.split()[0] in _PYTHON_MAGICS else ""
    return "\n".join("" if _OTHER.match(line) else line for line in source.splitlines())
