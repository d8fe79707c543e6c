"""Virtual environments with programs of others, made once with uv and cached."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from packager.cache import cache_directory
from packager.digest import canonical_json, sha256_bytes

UV = Path(sys.executable).parent / "uv"


def peer_environment(name: str, *requirements: str) -> Path:
    """The ``bin`` folder of an environment with ``requirements``; other tests wait for it."""
    interpreter = str(getattr(sys, "_base_executable", sys.executable))
    key = sha256_bytes(canonical_json([*requirements, sys.version, interpreter]))[:12]
    folder = cache_directory("peers") / f"{name}-{key}"
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "complete"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _uv("venv", "--python", interpreter, str(folder))
            python = str(folder / "bin/python")
            _uv("pip", "install", "--compile-bytecode", "--python", python, *requirements)
            done.touch()
    return folder / "bin"


def _uv(*arguments: str) -> None:
    environment = {**os.environ, "UV_NO_CONFIG": "1"}
    done = subprocess.run(
        [str(UV), "--quiet", *arguments], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
