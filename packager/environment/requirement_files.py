"""Parses a project's requirements files, of any format; no other program reads them.

uv reads normalized lines instead of these files, because two parsers of one file can differ: a
line that one takes for a comment could be an option to the other.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from packager.confinement import refuse_leaving, small_text
from packager.environment.active import installed_version
from packager.environment.formats.files import translated
from packager.environment.formats.wanted import Wanted
from packager.environment.requirement_lines import (
    EDITABLE,
    FREEZE_HINT,
    local_wheel,
    logical_lines,
    lost_path,
    place_of,
)
from packager.errors import UsageError

INDEXES = {
    "-i": "--default-index",
    "--index-url": "--default-index",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--trusted-host": "--allow-insecure-host",
}
NESTED = {"-r": False, "--requirement": False, "-c": True, "--constraint": True}
"""Option → whether the lines of its file are constraints."""
IGNORED_OPTIONS = {"--only-binary": True, "--prefer-binary": False, "--require-hashes": False}
"""Option without effect here → whether it takes a value."""
SWITCHES = {"--pre": ("--prerelease", "allow"), "--no-index": ("--no-index",)}
HASH = re.compile(r"\s--hash[= ]\s*(\w+:[0-9a-fA-F]+)")
SHA256 = re.compile(r"\s--hash=sha256:([0-9a-fA-F]+)")
NAME = re.compile(r"[A-Za-z0-9][\w.-]*(?=[^\w.:/-]|$)")
VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*\}")
WHEELS_ONLY = (
    "leave it out: only wheels are installed, and nothing is built; for a package without a wheel "
    "make one with `pip wheel`, and name its folder with --find-links"
)


@dataclass(frozen=True)
class DirectRequirements:
    """Requirements, constraints, and the files' options as uv's arguments."""

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    options: tuple[str, ...]
    texts: dict[Path, str]
    """Path → text of every file; of a file in another format than pip's, its lines as pip's."""

    @property
    def hashes(self) -> dict[str, frozenset[str]]:
        """Canonical name → sha256 of the only files that may be taken, where ``--hash`` says it."""
        found: dict[str, frozenset[str]] = {}
        for line in (*self.requirements, *self.constraints):
            name, allowed = NAME.match(line), SHA256.findall(line)
            if name and allowed:
                key = str(canonicalize_name(name[0]))
                found[key] = found.get(key, frozenset()) | {one.lower() for one in allowed}
        return found


@dataclass(frozen=True)
class _Line:
    file: Path
    number: int
    text: str
    constrains: bool

    def wrong(self, said: str, hint: str) -> UsageError:
        return UsageError(f"{place_of(self.file, self.number)}: {said}", hint)


def project_of(requirements: Path) -> Path:
    """The project's folder: the nearest one with ``package.toml``, else the file's folder."""
    folder = requirements.resolve().parent
    return next((p for p in (folder, *folder.parents) if (p / "package.toml").is_file()), folder)


def read_texts(requirements: Path, wanted: Wanted | None = None) -> dict[Path, str]:
    """Path → text of ``requirements`` and of every file that it includes."""
    return _Reader(requirements, wanted).read()[1]


def read_options(
    requirements: Path, wanted: Wanted | None = None
) -> tuple[tuple[str, ...], dict[Path, str]]:
    """The files' options as uv's arguments, and their texts; other lines are not parsed."""
    reader = _Reader(requirements, wanted)
    lines, texts = reader.read()
    options = (_options(line, reader.top) for line in lines if line.text.startswith("-"))
    return tuple(word for words in options for word in words), texts


def read_requirements(requirements: Path, wanted: Wanted | None = None) -> DirectRequirements:
    """The content of ``requirements`` and of the files that it includes.

    ``wanted`` is required for other formats than pip's. Raises ``UsageError`` for an unknown
    option or one that builds from source, for a file or folder outside the project, and for a
    line that is no requirement.
    """
    reader = _Reader(requirements, wanted)
    found: dict[bool, list[str]] = {False: [], True: []}
    options: list[str] = []
    lines, texts = reader.read()
    for line in lines:
        if line.text.startswith("-"):
            options += _options(line, reader.top)
        else:
            found[line.constrains].append(_plain(line, reader.top))
    return DirectRequirements(tuple(found[False]), tuple(found[True]), tuple(options), texts)


class _Reader:
    """Reads a requirements file and those that it includes."""

    def __init__(self, requirements: Path, wanted: Wanted | None) -> None:
        self.file, self.wanted, self.top = requirements, wanted, project_of(requirements)

    def read(self) -> tuple[list[_Line], dict[Path, str]]:
        """The logical lines, and path → text of every file."""
        texts: dict[Path, str] = {}
        return list(_lines(self.file, self, texts, False)), texts


def _lines(
    file: Path, reader: _Reader, texts: dict[Path, str], constrains: bool
) -> Iterator[_Line]:
    """Each logical line; a line that includes a file is replaced by that file's lines."""
    refuse_leaving(file, reader.top)
    text = translated(file, reader.top, reader.wanted)
    if text is None:
        text = _text(file)
    texts[file.resolve()] = text
    for number, content in logical_lines(text):
        line = _Line(file, number, content, constrains)
        nested = list(_nested(line))
        for name, only in nested:
            place = file.parent / name
            if not place.is_file():
                raise line.wrong(f"expected a file at {name}, got none", "fix that line")
            if place.resolve() not in texts:
                yield from _lines(place, reader, texts, constrains or only)
        if not nested:
            yield line


def _text(file: Path) -> str:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file.name}: expected text in UTF-8, got {error.reason} at byte {error.start}",
            "save it as UTF-8",
        ) from error
    small_text(file, file.name)
    return text


def _nested(line: _Line) -> Iterator[tuple[str, bool]]:
    if line.text.startswith("-"):
        for option, value in _words(line):
            if option in NESTED:
                yield value, NESTED[option]


def _options(line: _Line, top: Path) -> Iterator[str]:
    """uv's arguments for the options of a line."""
    if EDITABLE.match(line.text):
        return  # ``refuse_lines`` raises the error with a hint
    for option, value in _words(line):
        if option in INDEXES:
            if VARIABLE.search(value):
                raise line.wrong(
                    f"`{option}`: expected an address without variables of your environment",
                    "put the index into your own uv configuration, or UV_EXTRA_INDEX_URL",
                )
            yield from (INDEXES[option], _address(line, option, value, top))
        elif option in SWITCHES:
            yield from SWITCHES[option]
        elif option not in IGNORED_OPTIONS:
            raise line.wrong(f"`{option}`: option not supported", WHEELS_ONLY)


def _words(line: _Line) -> Iterator[tuple[str, str]]:
    """(option, value) of every option of a line."""
    try:
        words = shlex.split(line.text)
    except ValueError as error:
        raise line.wrong(f"expected options, got {error}", "fix that line") from error
    while words:
        word = words.pop(0)
        long = word.startswith("--")
        option, _, value = word.partition("=") if long else (word[:2], "", word[2:].lstrip("="))
        takes = option in INDEXES or option in NESTED or IGNORED_OPTIONS.get(option, False)
        if takes and not value and words:
            value = words.pop(0)
        yield option, value


def _address(line: _Line, option: str, value: str, top: Path) -> str:
    """The address of an index, or the absolute path of a folder of wheels within the project."""
    if "://" in value and not value.lower().startswith("file:"):
        return value
    if option == "--trusted-host":
        return value
    place = local_wheel(value, line.file.parent) or line.file.parent / value
    _refuse_outside(line, place, top)
    return str(place.resolve())


def _plain(line: _Line, top: Path) -> str:
    """A requirement normalized for uv: one line, with its hashes at the end."""
    given = HASH.findall(line.text)
    if given and not any(found.startswith("sha256:") for found in given):
        raise line.wrong(
            f"expected a hash of sha256, got {given[0].partition(':')[0]}",
            "`pip hash --algorithm sha256 FILE` prints it",
        )
    hashes = "".join(f" --hash={found}" for found in given)
    text = HASH.sub("", line.text).strip()
    place = local_wheel(text, line.file.parent)
    if place is not None and (lost := lost_path(text, place)):
        return _installed(line, lost)
    if place is not None:
        _refuse_outside(line, place, top)
        named, _, _, _ = parse_wheel_filename(place.name)
        extras = re.search(r"\[[\w., -]*\]", text)
        marker = re.search(r"\s;.*$", text)
        text = f"{named}{extras[0] if extras else ''} @ {place.resolve().as_uri()}"
        text += marker[0] if marker else ""
    elif re.match(r"https?://\S+$", text):
        return text + hashes
    try:
        return str(Requirement(text)) + hashes
    except InvalidRequirement as error:
        raise line.wrong(
            f"expected a requirement, got {text[:100]!r}", "write it as pip reads it: NAME==VERSION"
        ) from error


def _installed(line: _Line, lost: tuple[str, str]) -> str:
    """The requirement for a package whose path conda has left in ``pip freeze``: its version.

    The path is that of the machine where conda's package was built; the version is the one that
    the active environment has.
    """
    name, marker = lost
    version = installed_version(str(canonicalize_name(name)))
    if version is None:
        raise line.wrong(
            f"expected a version of {name}, got a path that does not exist here, and the active "
            f"environment has no {name}: {line.text[:100]!r}",
            FREEZE_HINT,
        )
    return str(Requirement(f"{name}=={version}{marker}"))


def _refuse_outside(line: _Line, place: Path, top: Path) -> None:
    if not place.resolve().is_relative_to(top.resolve()):
        raise line.wrong(
            f"expected a path within the project, got {str(place)[:200]!r}",
            "copy the wheels into the project, or name their folder in your own configuration "
            "(find-links of pip or uv)",
        )
