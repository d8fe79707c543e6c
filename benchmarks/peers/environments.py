"""A virtual environment per peer, made once with uv and cached."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from packager.cache import cache_directory
from packager.digest import canonical_json, sha256_bytes

# Packages with which every peer loads the model, and which the package locks.
COMMON = ("scikit-learn==1.9.1", "joblib==1.6.0", "numpy==2.4.6", "pandas==3.1.1")
# Pins transitive dependencies: uv ignores releases uploaded later.
BEFORE = "2026-11-23"
CERTIFICATES = {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}
UV = Path(sys.executable).parent / "uv"


class CannotInstallError(Exception):
    """A peer's requirements can't be installed; holds uv's message."""


def environment(name: str, requirements: tuple[str, ...]) -> Path:
    """The ``bin`` folder of an environment with ``COMMON`` and ``requirements``, compiled."""
    wanted = (*COMMON, *requirements)
    interpreter = str(getattr(sys, "_base_executable", sys.executable))
    key = sha256_bytes(canonical_json([wanted, BEFORE, sys.version, interpreter]))[:12]
    folder = cache_directory("peers") / f"{name}-{key}"
    done = folder / "complete"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--python", interpreter, str(folder))
        where = ("--python", str(folder / "bin" / "python"), "--exclude-newer", BEFORE)
        _uv("pip", "install", "--system-certs", "--compile-bytecode", *where, *wanted)
        done.touch()
    return folder / "bin"


def _uv(*arguments: str) -> None:
    environment = {**CERTIFICATES, **os.environ, "UV_NO_CONFIG": "1"}
    done = subprocess.run(
        [str(UV), "--quiet", *arguments], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise CannotInstallError(" ".join(done.stderr.split())[:300] or "uv failed")
