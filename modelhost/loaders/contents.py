"""The state of a model as the contents of its files, without names and times of an archive."""

from __future__ import annotations

import json
import re
import zipfile
from itertools import groupby
from pathlib import Path
from typing import Any

VOLATILE = ("date_saved",)
"""Keys of JSON members that say when an archive was written."""
_UNSTABLE = ("/", ".data/serialization_id", ".debug_pkl")
"""Ends of members that are no state: folders, and what PyTorch says of an archive's source."""
_CONSTANT = re.compile(r"\s+\w+ : Final\[")
SHARED = "shared_object_id"
"""A key whose values are addresses: equal ones name one object."""


def file_contents(path: Path) -> dict[str, bytes]:
    """Name → bytes of a file (named ``model``), or of every file below a folder."""
    if path.is_file():
        return {"model": path.read_bytes()}
    files = sorted(one for one in path.rglob("*") if one.is_file())
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


def member_contents(path: Path) -> dict[str, Any]:
    """Name → content of every member of a ZIP archive; JSON is parsed, without ``VOLATILE`` keys.

    If all members are in one folder, whose name may be that of the file, it is left out.
    """
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if not name.endswith(_UNSTABLE))
        tops = {name.partition("/")[0] if "/" in name else "" for name in names}
        cut = len(next(iter(tops))) + 1 if len(tops) == 1 and tops != {""} else 0
        return {name[cut:]: _content(name, archive.read(name)) for name in names}


def _content(name: str, content: bytes) -> Any:
    if name.endswith(".py"):
        return _constants_sorted(content.decode("utf-8", "replace"))
    if not name.endswith(".json"):
        return content
    try:
        document = json.loads(content)
    except ValueError:
        return content
    return _stable(document, {})


def _constants_sorted(code: str) -> list[str]:
    """The lines of TorchScript's code; it writes the constants of a class in any order."""
    runs = groupby(code.splitlines(), lambda line: bool(_CONSTANT.match(line)))
    parts = [sorted(group) if constants else list(group) for constants, group in runs]
    return [line for part in parts for line in part]


def _stable(value: Any, numbers: dict[Any, int]) -> Any:
    """``value`` without ``VOLATILE`` keys; ``numbers``: each address's number, in their order."""
    if isinstance(value, list):
        return [_stable(one, numbers) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: numbers.setdefault(str(part), len(numbers))
        if key == SHARED
        else _stable(part, numbers)
        for key, part in value.items()
        if key not in VOLATILE
    }
