"""Programs that attempt what the sandbox has to refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelhost.sandbox import landlock

PROGRAM = """
import ctypes, os, socket, subprocess, sys
from pathlib import Path
from modelhost.sandbox.network import block_network, describe_isolation
from modelhost.sandbox.file_access import refuse_by_kernel
top = Path(sys.argv[1])
{before}
block_network("the recipe")
refuse_by_kernel(top / "root", training=True)
libc = ctypes.CDLL(None, use_errno=True)
def read(path):
    place = libc.open(os.fsencode(path), 0)
    return os.read(place, 9).decode() if place >= 0 else "refused"
{code}
"""


FILES = pytest.mark.skipif(landlock.abi() < landlock.MIN_ABI, reason="no Landlock here")


def attempt(top: Path, code: str, before: str = "") -> str:
    """The output of ``code`` in the sandbox; ``top``/root is accessible, ``top``/out.txt isn't."""
    for name in ("root/code", "root/models", "root/tmp"):
        (top / name).mkdir(parents=True)
    (top / "out.txt").write_text("outside")
    (top / "root/models/model").write_text("recorded")
    (top / "root/code/own.txt").write_text("own")
    own = {"TMPDIR": str(top / "root/tmp"), "HOME": str(top / "root/tmp")}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(code=code, before=before), top],
        cwd=top / "root/code",
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(filter(None, sys.path)), **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()
