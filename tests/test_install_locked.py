"""The set-up, ``scripts/install_locked.py``; what it installs is what these tests run with."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
sys.path.insert(0, str(TOP / "scripts"))
import install_locked  # noqa: E402

sys.path.remove(str(TOP / "scripts"))
LOCK = (TOP / "requirements-dev.lock").read_text()


def test_requirements_are_taken_with_their_hashes() -> None:
    lock = (
        "a==1 \\\n    --hash=sha256:1 \\\n    --hash=sha256:2\nab==2 ; x \\\n    --hash=sha256:3\n"
    )
    assert [*install_locked.lines_of(["a"], lock)] == [lock[: lock.index("ab==")]]
    assert [*install_locked.lines_of(["ab", "c"], lock)] == [lock[lock.index("ab==") :]]


@pytest.mark.slow
def test_pip_installs_all_that_reads_its_configuration() -> None:
    code = "import sys, packager.environment.index; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=TOP, check=True, capture_output=True, text=True
    )
    owners = importlib.metadata.packages_distributions()
    needed = {
        owner.lower()
        for name in done.stdout.split()
        for owner in owners.get(name.partition(".")[0], ())
    }
    optional = {"backports.zstd", "brotli", "setuptools"}  # imported where there are any
    assert needed - optional - {"model-packager"} <= {*install_locked.FIRST}
    assert len([*install_locked.lines_of(install_locked.FIRST, LOCK)]) == len(install_locked.FIRST)
