from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import glob, os, shutil, sys
from pathlib import Path
from modelhost.directory_order import reverse_listings

def seen():
    return [
        os.listdir("."),
        [entry.name for entry in os.scandir()],
        [path.name for path in Path().iterdir()],
        glob.glob("*"),
        [path.name for path in Path().glob("*")],
        next(os.walk("."))[2],
    ]

before = seen()
reverse_listings()
assert seen() == [names[::-1] for names in before], (before, seen())
with os.scandir(".") as entries:
    assert next(entries).is_file()
shutil.rmtree(sys.argv[1])
assert not os.path.exists(sys.argv[1])
"""


def test_every_directory_listing_is_reversed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (tmp_path / "gone" / "inner").mkdir(parents=True)
    folder.mkdir()
    for name in "abcd":
        (folder / name).touch()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "gone")]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
