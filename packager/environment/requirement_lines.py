"""Rejects lines of a requirements file that name no wheel, before the index is queried.

Only wheels are installed, so that a lock names files with their sha256: no version control URLs,
no folders, no source distributions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from packager.confinement import small_toml
from packager.environment.formats.files import is_translated
from packager.environment.other_tools import FREEZE
from packager.errors import UsageError

FREEZE_HINT = (
    f"write NAME==VERSION; `{FREEZE.format(file='requirements.txt')}` in the environment that the "
    "line comes from writes every line in this form"
)
WHEELS = "wheels"
_NAMED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*@\s*(\S.*)$")
EDITABLE = re.compile(r"^(?:-e|--editable)[ \t=]+(.*)$")
_CONTROL = re.compile(r"^(?:git|hg|svn|bzr)\+|^git@", re.IGNORECASE)
_CONDA_LINE = re.compile(r"^([A-Za-z0-9][\w.-]*)=([0-9][\w.!+]*)(?:=[\w.]+)?$")
_FOLDER = re.compile(r"^(?:\.{0,2}/|\.{1,2}$|[A-Za-z]:[\\/]|~/)")
_MARKER = re.compile(r"\s+;.*$|;\s.*$")
_ARCHIVES = (".tar.gz", ".zip", ".tar.bz2", ".tgz")


def wheel_commands(what: str, python: str, line: str) -> str:
    """Hint: how to make a wheel of ``what`` for ``python``, and which lines to write then."""
    return (
        f"in the file's folder make a wheel of it: `python{python} -m pip wheel --no-deps "
        f'--wheel-dir {WHEELS} "{what}"`, write the line `--find-links {WHEELS}` at the top of '
        f"the file, and {line}"
    )


def refuse_lines(texts: Mapping[Path, str], python: str) -> None:
    """Raise ``UsageError`` for the first line that names no wheel, with a replacement as hint.

    ``python`` is the version that wheels must support.
    """
    for file, text in texts.items():
        for number, line in logical_lines(text):
            if line.startswith("-") and not EDITABLE.match(line):
                continue
            line = re.sub(r"\s--hash[= ].*$", "", line)
            told = _told(line, file.parent, python)
            if told is not None:
                raise UsageError(f"{place_of(file, number)}: {told[0]}", told[1])


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and content of each non-empty line, continuations joined, without comments."""
    joined, start = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        start = start if joined else number
        joined += re.sub(r"(^|\s)#.*$", "", line)
        if joined.endswith("\\"):
            joined = joined[:-1]
            continue
        if joined.strip():
            yield start, joined.strip()
        joined = ""
    if joined.strip():
        yield start, joined.strip()


def local_wheel(text: str, folder: Path) -> Path | None:
    """The path that a line names, if it does; None for an index requirement or remote address."""
    named = _NAMED.match(text)
    address = _MARKER.sub("", (named[2] if named else text).strip().strip("\"'"))
    return _local(address, folder)


def lost_path(text: str, place: Path) -> tuple[str, str] | None:
    """Name and marker of a line ``NAME @ file:///PATH`` whose path does not exist; else None.

    A path that ends in ``.whl`` says the version itself.
    """
    named = _NAMED.match(text)
    absolute = named is not None and named[2].strip().lower().startswith("file:///")
    if named is None or not absolute or place.exists() or place.suffix == ".whl":
        return None
    marker = re.search(r"\s;.*$", text)
    return named[1], marker[0] if marker else ""


def place_of(file: Path, number: int) -> str:
    """Where a line stands, for a message; lines of other formats than pip's have no numbers."""
    return file.name if is_translated(file) else f"{file.name} line {number}"


def _told(line: str, folder: Path, python: str) -> tuple[str, str] | None:
    """Message and hint for a rejected line; None if it may name a wheel."""
    editable, named, conda = EDITABLE.match(line), _NAMED.match(line), _CONDA_LINE.match(line)
    if conda is not None:
        return (
            f"expected NAME==VERSION, got {line!r}, which is how conda writes it",
            f"write {conda[1]}=={conda[2]}; `{FREEZE.format(file='requirements.txt')}` in that "
            "environment writes every line so",
        )
    address = editable[1] if editable else named[2] if named else line
    address = _MARKER.sub("", address.strip().strip("\"'"))
    name = named[1] if named else None
    if _CONTROL.match(address):
        return _of_control(line, address, name, python)
    local = _local(address, folder)
    if local is not None and not (named and lost_path(line, local)):
        return _of_path(line, local, name, folder, python, editable=editable is not None)
    remote = urlsplit(address)
    if remote.scheme in ("http", "https") and remote.path.endswith(_ARCHIVES):
        said = f"expected a wheel, got a source distribution: {line!r}"
        known = name or _source_name(remote.path.rpartition("/")[2])
        return said, wheel_commands(address, python, _write(known))
    return None


def _of_control(line: str, address: str, name: str | None, python: str) -> tuple[str, str]:
    egg = re.search(r"[#&]egg=([\w.-]+)", address)
    last = re.sub(r"(?<=.)@[^/@]*$|\.git\b|#.*$", "", address).rstrip("/").rpartition("/")[2]
    known = name or (egg[1] if egg else re.sub(r"\.git$", "", last))
    said = f"expected a wheel of an index, got an address of version control: {line!r}"
    return said, wheel_commands(address, python, _write(known))


def _of_path(
    line: str, path: Path, name: str | None, folder: Path, python: str, *, editable: bool
) -> tuple[str, str] | None:
    """Message and hint for a path; None for an existing wheel."""
    if editable and folder.resolve().is_relative_to(path.resolve()):
        return (
            f"expected a wheel of an index, got the project itself: {line!r}",
            "leave this line out: the files of the project's folder are packaged as they are, and "
            "imported from there and its src/; list what they need instead",
        )
    if path.suffix == ".whl":
        return None if path.is_file() else _of_lost_wheel(line, path)
    if path.exists():
        said = f"expected a wheel, got a {'folder' if path.is_dir() else 'file'}: {line!r}"
        known = name or (_project_name(path) if path.is_dir() else _source_name(path.name))
        return said, wheel_commands(_shown(path, folder), python, _write(known))
    return (
        f"expected a wheel of an index, got a path that does not exist: {line!r}",
        f"write {name or 'NAME'}==VERSION, with the version that `pip list` shows where the line "
        f"comes from; `{FREEZE.format(file='requirements.txt')}` there writes every "
        "line in this form",
    )


def _of_lost_wheel(line: str, path: Path) -> tuple[str, str]:
    said = f"expected an existing wheel, got a path of another machine: {line!r}"
    try:
        known, version, _, _ = parse_wheel_filename(unquote(path.name))
    except InvalidWheelFilename:
        return said, "write NAME==VERSION, or fix the path"
    return said, f"write {known}=={version}, or fix the path"


def _local(address: str, folder: Path) -> Path | None:
    """The path of an address; None if it is no path."""
    if address.lower().startswith("file:"):
        return Path(url2pathname(urlsplit(address).path))
    plain = address.partition("[")[0].partition("#")[0].strip()
    if "://" in plain or not (_FOLDER.match(plain) or plain.endswith((".whl", *_ARCHIVES))):
        return None
    beside = Path(plain).expanduser()
    return beside if beside.is_absolute() or not (folder / beside).exists() else folder / beside


def _project_name(folder: Path) -> str:
    """The name of the project in a folder; the folder's name if none is declared."""
    try:
        content = small_toml(folder / "pyproject.toml", "pyproject.toml")
    except (OSError, ValueError, RecursionError, UsageError):
        return folder.resolve().name
    tables = content.get("project", {}), content.get("tool", {}).get("poetry", {})
    return str(next((table["name"] for table in tables if "name" in table), folder.resolve().name))


def _source_name(filename: str) -> str:
    """The package name of a source distribution; ``NAME`` if it can't be parsed."""
    try:
        return str(parse_sdist_filename(filename)[0])
    except InvalidSdistFilename:
        return "NAME"


def _shown(path: Path, folder: Path) -> str:
    near = path.resolve()
    return f"./{near.relative_to(folder)}" if near.is_relative_to(folder.resolve()) else str(near)


def _write(name: str) -> str:
    return f"write `{name}` in place of this line"
