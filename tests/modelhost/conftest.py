"""Fixtures that need nothing but the model host, so that these tests run on its oldest Python."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Iterator

import pytest


class ProjectCode:
    """The folder of a project's code, which is the working directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def code(self, **files: str) -> None:
        """Write modules; ``src__x`` is src/x.py."""
        for name, text in files.items():
            path = self.folder / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProjectCode]:
    """A project without files, whose code this process can import too."""
    folder = tmp_path / "root" / "code"
    (folder / "src").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder / "src"))
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield ProjectCode(folder)
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]
