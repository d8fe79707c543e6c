"""Installs lock files and this project into the environment of this interpreter, with uv.

    .venv/bin/python scripts/install_locked.py requirements-dev.lock …

pip, which installs one wheel after the other and compiles on one processor, installs uv and what
reads the user's pip configuration; uv installs everything else from the same indexes. Which of
several indexes a wheel comes from does not matter: every one has to have its locked sha256.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIRST = ("certifi", "charset-normalizer", "idna", "packaging", "requests", "urllib3", "uv")
"""What ``packager.environment.index`` imports, and uv."""
PIP = (sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "install", "--no-deps")
LOCKED = ("--require-hashes", "--index-strategy", "unsafe-best-match")


def main(locks: Sequence[str]) -> int:
    """Install; the exit code of the first command that failed, else 0."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(lines_of(FIRST, Path(locks[0]).read_text(encoding="utf-8")))
        file.flush()
        code = subprocess.run([*PIP, "--require-hashes", "-r", file.name], check=False).returncode
    if code:
        return code
    files = [word for lock in locks for word in ("--requirements", lock)]
    # The project itself comes last: its build backend is in the lock.
    own = ("--no-build-isolation", "--editable", str(ROOT))
    return _uv([*LOCKED, *files]) or _uv(own)


def lines_of(names: Sequence[str], lock: str) -> Iterator[str]:
    """The requirements called ``names``, each with its hashes."""
    for requirement in re.findall(r"^\S.*\n(?:[ \t].*\n)*", lock, re.MULTILINE):
        if requirement.partition("==")[0] in names:
            yield requirement


def _uv(arguments: Sequence[str]) -> int:
    """``uv pip install`` into the environment of this interpreter."""
    sys.path.insert(0, str(ROOT))
    from packager.environment.index import user_index_options

    options, variables = user_index_options().command()
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "pip", "install", "--python", sys.executable, "--quiet", "--no-deps"]
    command += ["--compile-bytecode", *arguments, *options]
    trusting = {"UV_SYSTEM_CERTS": "1", **os.environ, **variables}
    return subprocess.run(command, env=trusting, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
