"""Records why a command opens a file, with an audit hook in its process."""

from __future__ import annotations

from pathlib import Path

_HOOK = """
import os, sys

def note(event, arguments):
    if event != "open" or not isinstance(arguments[0], (str, os.PathLike)):
        return
    if os.path.realpath(arguments[0]) != os.environ["WATCHED_FILE"]:
        return
    places, frame = [], sys._getframe(1)
    while frame is not None:
        places.append(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_code.co_name}")
        frame = frame.f_back
    with open(os.environ["WATCHED_LOG"], "a") as log:
        log.write(" ".join(places) + chr(10))

sys.addaudithook(note)
"""


def watched(file: Path, folder: Path) -> dict[str, str]:
    """Environment variables that make a command record in ``folder`` each opening of ``file``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(_HOOK)
    (folder / "opened").unlink(missing_ok=True)
    return {
        "PYTHONPATH": str(folder),
        "WATCHED_FILE": str(file.resolve()),
        "WATCHED_LOG": str(folder / "opened"),
    }


def opened_for(folder: Path, reason: str) -> int:
    """How often the file was opened by code called from a function, ``file.py:function``."""
    lines = (folder / "opened").read_text().splitlines()
    return sum(reason in line.split() for line in lines)


HASHING = "digest.py:of"
LAYER = "unchanged.py:unchanged"
