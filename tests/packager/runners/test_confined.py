"""A package's process on this machine: confined before its first line, and its results."""

from __future__ import annotations

from pathlib import Path

import pytest
from confined_packages import DONE, PYTHON, layers, run

from packager.image.layers import Entry
from packager.image.runtime import HARNESS
from packager.image.wheels import site_packages


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that no package may read or write, beside which none may be made."""
    found = tmp_path_factory.mktemp("outside") / "key"
    found.write_text('{"secret": 1}')
    return found


@pytest.mark.parametrize("place", ["code/sitecustomize.py", "code/json.py", "x.pth"])
def test_no_line_of_a_package_runs_before_the_kernel_restricts_it(
    tmp_path: Path, outside: Path, place: str
) -> None:
    text = f"import os; os.path.isdir('out') or open({str(outside)!r}, 'w')\n"
    name = place if "/" in place else f"{site_packages(HARNESS, PYTHON)}/{place}"
    worker = f"import json\n{DONE}"
    run(layers(tmp_path, worker, Entry(name, source=text.encode())), tmp_path)
    assert outside.read_text() == '{"secret": 1}'
