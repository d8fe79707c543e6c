from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import warm_processes
from worker_projects import Project

from packager.model.paths import Root
from packager.runners.runner import START_VARIABLES


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An empty project whose code this process can import too."""
    made = Project(Root(tmp_path / "root"), tmp_path / "out")
    for folder in (made.root.code / "src", made.root.source):
        folder.mkdir(parents=True)
    monkeypatch.chdir(made.root.code)
    monkeypatch.syspath_prepend(str(made.root.code / "src"))
    monkeypatch.syspath_prepend(str(made.root.code))
    before = set(sys.modules)
    yield made
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def rows() -> pd.DataFrame:
    """Eighty rows: two numbers, a boolean, and a label that depends on the first number."""
    numbers = [i % 20 / 2 for i in range(80)]
    return pd.DataFrame(
        {
            "size": numbers,
            "count": [i * 7 % 31 for i in range(80)],
            "new": [i % 3 == 0 for i in range(80)],
            "label": ["big" if number > 4 else "small" for number in numbers],
        }
    )


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of the worker and the model host start with their libraries imported."""
    warm_processes.startable[:] = [START_VARIABLES]
    for module in warm_processes.STARTING:
        monkeypatch.setattr(f"{module}.subprocess", warm_processes.WarmSubprocess())
    monkeypatch.setattr("worker_projects.popen", warm_processes.popen)
