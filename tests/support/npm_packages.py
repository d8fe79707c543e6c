"""Packages of npm in a folder of a test."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path


def npm_installed(folder: Path, *packages: str) -> None:
    """Install ``packages`` into ``folder`` as a module of its own."""
    (folder / "package.json").write_text(json.dumps({"type": "module", "private": True}))
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", *packages]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
