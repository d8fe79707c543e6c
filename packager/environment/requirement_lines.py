"""Rejects lines of a requirements file that nothing can be installed from, before any download.

An index, a wheel, a folder, a source archive or a git repository can be; paths of another machine,
other version control and conda's notation can't.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from packaging.utils import (
    InvalidWheelFilename,
    parse_wheel_filename,
)

from packager.environment.conda_freeze import is_lost
from packager.environment.formats.files import is_translated
from packager.environment.formats.values import display
from packager.environment.other_tools import FREEZE
from packager.environment.platform import WheelTarget
from packager.environment.sources import ARCHIVES, OTHER_CONTROL, needed
from packager.errors import UsageError
from packager.text import without_credentials

WHEELS = "wheels"
_NAMED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*@\s*(\S.*)$")
EDITABLE = re.compile(r"^(?:-e[ \t=]*|--editable[ \t=]+)(.*)$")
_CONDA_LINE = re.compile(r"^([A-Za-z0-9][\w.-]*)=([0-9][\w.!+]*)(?:=[\w.]+)?$")
_FOLDER = re.compile(r"^(?:\.{0,2}/|\.{1,2}$|[A-Za-z]:[\\/]|~/)")
_COPIED = re.compile(r"^(?:ssh://)?(\w+@)?([\w.-]+):(?!//)(\S+)")
"""``git@host:owner/repository``, the form that git and ssh accept."""
_REPOSITORY = re.compile(r"(?:git|ssh)://|https?://\S+\.git/?(?:[@#]|$)", re.IGNORECASE)
_MARKER = re.compile(r"\s+;.*$|;\s.*$")


def wheel_commands(what: str, python: str, line: str) -> str:
    """Hint: how to make a wheel of ``what`` for ``python``, and which lines to write then."""
    return (
        f"in the file's folder make a wheel of it: `python{python} -m pip wheel --no-deps "
        f'--wheel-dir {WHEELS} "{what}"`, write the line `--find-links {WHEELS}` at the top of '
        f"the file, and {line}"
    )


def refuse_lines(texts: Mapping[Path, str], target: WheelTarget) -> None:
    """Raise ``UsageError`` for the first line that can't be had, with a replacement as hint.

    Lines whose marker excludes ``target`` are not compared.
    """
    for file, text in texts.items():
        for number, line in logical_lines(text):
            if line.startswith("-") and not EDITABLE.match(line):
                continue
            line = re.sub(r"\s--hash[= ].*$", "", line)
            if not applies(line, target):
                continue
            rejection = _rejection(line, file.parent, target.python)
            if rejection is not None:
                raise UsageError(f"{place_of(file, number)}: {rejection[0]}", rejection[1])


def applies(line: str, target: WheelTarget) -> bool:
    """Whether the marker of a line, if it has one, holds for ``target``; an invalid one does."""
    match = _MARKER.search(re.sub(r"\s--hash[= ].*$", "", line))
    try:
        return match is None or needed(match[0].strip(" ;\t"), target)
    except UsageError:
        return True  # refused where the requirement is parsed


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


def local_path(text: str, folder: Path) -> Path | None:
    """The path that a line names, if it does; None for an index requirement or remote address."""
    editable, named = EDITABLE.match(text), _NAMED.match(text)
    address = editable[1] if editable else named[2] if named else text
    address = _MARKER.sub("", address.strip().strip("\"'"))
    return _local(address, folder, anything=editable is not None)


def place_of(file: Path, number: int) -> str:
    """The file and line for a message; lines of other formats than pip's have no numbers."""
    return file.name if is_translated(file) else f"{file.name} line {number}"


def _rejection(line: str, folder: Path, python: str) -> tuple[str, str] | None:
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
    if address.lower().startswith(OTHER_CONTROL):
        return _of_control(line, address, name, python)
    whole = line if line.startswith("git@") else address.removeprefix("git+")
    copied = _COPIED.match(whole) if "://" not in address else None
    if copied is not None and (copied[1] or address.startswith("git+")):
        location = f"git+ssh://{copied[1] or ''}{copied[2]}/{copied[3]}"
        return (
            f"expected an address of git, got {display(line)}",
            f"write {location} in place of it",
        )
    if (rejection := _of_plain_git(address)) is not None:
        return f"expected an address of git, got {display(line)}", rejection
    local = _local(address, folder, anything=editable is not None)
    if local is None or is_lost(line, local):
        return None  # of a lost path, the active environment may know the version
    return _of_path(line, local, name, folder)


def _of_plain_git(address: str) -> str | None:
    """Hint for the address of a repository without ``git+`` before it; else None."""
    if _REPOSITORY.match(address):
        return f"write git+{without_credentials(address)} in place of it"
    return None


def _of_control(line: str, address: str, name: str | None, python: str) -> tuple[str, str]:
    egg = re.search(r"[#&]egg=([\w.-]+)", address)
    last = re.sub(r"(?<=.)@[^/@]*$|\.git\b|#.*$", "", address).rstrip("/").rpartition("/")[2]
    known = name or (egg[1] if egg else re.sub(r"\.git$", "", last))
    problem = f"expected an index, git or a path, got other version control: {display(line)}"
    return problem, wheel_commands(without_credentials(address), python, _write(known))


def _of_path(line: str, path: Path, name: str | None, folder: Path) -> tuple[str, str] | None:
    """Message and hint for a path; None for an existing wheel, archive or folder."""
    if path.suffix == ".whl":
        return None if path.is_file() else _of_lost_wheel(line, path)
    if path.is_dir() or (path.is_file() and path.name.lower().endswith(ARCHIVES)):
        return None
    if path.exists():
        return (
            f"expected a folder, a wheel or a source archive, got another file: {line!r}",
            f"to include a file of requirements, write `-r {_shown(path, folder)}`",
        )
    if path.is_relative_to(folder):
        return f"expected a folder or file, got a path that does not exist: {line!r}", _moved(
            path, folder
        )
    return (
        f"expected a requirement, got a path that does not exist: {line!r}",
        f"write {name or 'NAME'}==VERSION, with the version that `pip list` shows where the line "
        f"comes from; `{FREEZE.format(file='requirements.txt')}` there writes every "
        "line in this form",
    )


def _moved(path: Path, folder: Path) -> str:
    """Hint for a relative path to nothing: pip counts it from where it is started."""
    inside = path.relative_to(folder)
    above = next((top for top in folder.parents if (top / inside).exists()), None)
    if above is None:
        return "fix it, or copy what it names there: a path counts from the folder of its file"
    return (
        f"write {os.path.relpath(above / inside, folder)}: a path counts from the folder of its "
        "file, not from where the command runs"
    )


def _of_lost_wheel(line: str, path: Path) -> tuple[str, str]:
    problem = f"expected an existing wheel, got a path of another machine: {line!r}"
    try:
        known, version, _, _ = parse_wheel_filename(unquote(path.name))
    except InvalidWheelFilename:
        return problem, "write NAME==VERSION, or fix the path"
    return problem, f"write {known}=={version}, or fix the path"


def _local(address: str, folder: Path, *, anything: bool = False) -> Path | None:
    """The path of an address; None if it is no path. ``anything``: it is one if it has no scheme.

    A relative path counts from ``folder``, that of the file that names it.
    """
    if address.lower().startswith("file:"):
        named = urlsplit(address).path or address[len("file:") :]
        return Path(url2pathname(named)) if named.startswith("/") else folder / named
    plain = address.partition("[")[0].partition("#")[0].strip()
    looks = _FOLDER.match(plain) or plain.lower().endswith((".whl", *ARCHIVES)) or anything
    if "://" in plain or not (looks or ("/" in plain and (folder / plain).is_dir())):
        return None
    return folder / Path(plain).expanduser()


def _shown(path: Path, folder: Path) -> str:
    near = path.resolve()
    return f"./{near.relative_to(folder)}" if near.is_relative_to(folder.resolve()) else str(near)


def _write(name: str) -> str:
    return f"write `{name}` in place of this line"
