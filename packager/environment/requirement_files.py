"""Parses a project's requirements files, of any format; no other program reads them.

uv reads normalized lines instead of these files, because two parsers of one file can differ: a
line that one takes for a comment could be an option to the other.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from packager.confinement import refuse_leaving
from packager.environment import conda_freeze
from packager.environment import requirement_addresses as addresses
from packager.environment.formats.files import text_of
from packager.environment.formats.selection import DependencySelection
from packager.environment.formats.values import display
from packager.environment.other_tools import FREEZE
from packager.environment.requirement_hashes import allowed_hashes, other_algorithm, without_hashes
from packager.environment.requirement_lines import (
    EDITABLE,
    applies,
    local_path,
    logical_lines,
    place_of,
)
from packager.environment.sources import parse_source
from packager.errors import UsageError
from packager.text import without_credentials

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
VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*\}")
NOT_SUPPORTED = (
    "leave it out: a wheel is taken where there is one, and anything else is built in isolation, "
    "with the settings of its own pyproject.toml"
)
SET_ELSEWHERE = {
    "--proxy": "leave it out: HTTPS_PROXY in your environment, or your pip or uv configuration, "
    "names a proxy",
    "--cert": "leave it out: SSL_CERT_FILE in your environment, or `cert` in your pip "
    "configuration, names a certificate",
}
_OPTION = re.compile(r"\s(--[a-z][\w-]*)")


@dataclass(frozen=True)
class DirectRequirements:
    """Requirements, constraints, and the files' options as uv's arguments."""

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    options: tuple[str, ...]
    texts: dict[Path, str]
    """Path → text of every file; of a file in another format than pip's, its lines as pip's."""
    lost: tuple[UsageError, ...] = ()
    """An error for each path of another machine whose version the active environment lacks."""

    hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Canonical name → sha256 of the only files that may be taken, where ``--hash`` says it."""


class _LostPathError(UsageError):
    """A line names a path of another machine."""


@dataclass(frozen=True)
class _Line:
    file: Path
    number: int
    text: str
    constrains: bool

    def wrong(self, problem: str, hint: str) -> UsageError:
        return UsageError(f"{place_of(self.file, self.number)}: {problem}", hint)


def project_of(requirements: Path) -> Path:
    """The project's folder: the nearest one with ``package.toml``, else the file's folder."""
    folder = requirements.resolve().parent
    return next((p for p in (folder, *folder.parents) if (p / "package.toml").is_file()), folder)


def read_texts(requirements: Path, selection: DependencySelection | None = None) -> dict[Path, str]:
    """Path → text of ``requirements`` and of every file that it includes."""
    return _Reader(requirements, selection).read()[1]


def read_options(
    requirements: Path, selection: DependencySelection | None = None
) -> tuple[tuple[str, ...], dict[Path, str]]:
    """The files' options as uv's arguments, and their texts; other lines are not parsed."""
    reader = _Reader(requirements, selection)
    lines, texts = reader.read()
    options = (_options(line, reader.top) for line in lines if _is_option(line))
    return tuple(word for words in options for word in words), texts


def read_requirements(
    requirements: Path, selection: DependencySelection | None = None
) -> DirectRequirements:
    """The content of ``requirements`` and of the files that it includes.

    Sources are written as addresses (``sources``). ``selection`` is required for other formats than
    pip's. Raises ``UsageError`` for an unknown option, for a file or folder outside the project,
    and for a line that is no requirement.
    """
    reader = _Reader(requirements, selection)
    by_kind: dict[bool, list[str]] = {False: [], True: []}
    options: list[str] = []
    lost: list[UsageError] = []
    lines, texts = reader.read()
    for line in lines:
        if _is_option(line):
            options += _options(line, reader.top)
            continue
        if selection is not None and not applies(line.text, selection.target):
            continue
        try:
            by_kind[line.constrains].append(_plain(line, reader.top))
        except _LostPathError as error:
            lost.append(error)
    hashes = allowed_hashes([*by_kind[False], *by_kind[True]])
    return DirectRequirements(
        tuple(by_kind[False]), tuple(by_kind[True]), tuple(options), texts, tuple(lost), hashes
    )


class _Reader:
    """Reads a requirements file and those that it includes."""

    def __init__(self, requirements: Path, selection: DependencySelection | None) -> None:
        self.file, self.selection, self.top = requirements, selection, project_of(requirements)

    def read(self) -> tuple[list[_Line], dict[Path, str]]:
        """The logical lines, and path → text of every file."""
        texts: dict[Path, str] = {}
        return list(_lines(self.file, self, texts, False)), texts


def _lines(
    file: Path, reader: _Reader, texts: dict[Path, str], constrains: bool
) -> Iterator[_Line]:
    """Each logical line; a line that includes a file is replaced by that file's lines."""
    refuse_leaving(file, reader.top)
    texts[file.resolve()] = text_of(file, reader.top, reader.selection)
    for number, content in logical_lines(texts[file.resolve()]):
        line = _Line(file, number, content, constrains)
        nested = list(_nested(line))
        for name, only in nested:
            path = file.parent / name
            if not path.is_file():
                remote = "://" in name
                hint = "download it into the project, and name that" if remote else "fix that line"
                raise line.wrong(f"expected a file at {without_credentials(name)}, got none", hint)
            if path.resolve() not in texts:
                yield from _lines(path, reader, texts, constrains or only)
        if not nested:
            yield line


def _nested(line: _Line) -> Iterator[tuple[str, bool]]:
    if _is_option(line):
        for option, value in _words(line):
            if option in NESTED:
                yield value, NESTED[option]


def _is_option(line: _Line) -> bool:
    return line.text.startswith("-") and not EDITABLE.match(line.text)


def _options(line: _Line, top: Path) -> Iterator[str]:
    """uv's arguments for the options of a line."""
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
            hint = SET_ELSEWHERE.get(option, NOT_SUPPORTED)
            if not option.strip("-"):
                hint = f"write NAME==VERSION; `{FREEZE.format(file=line.file.name)}` writes it so"
            raise line.wrong(f"`{option}`: option not supported", hint)


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
    path = local_path(value, line.file.parent) or line.file.parent / value
    _refuse_outside(line, path, top)
    return str(path.resolve())


def _plain(line: _Line, top: Path) -> str:
    """A requirement normalized for uv: one line, with its hashes at the end."""
    if algorithm := other_algorithm(line.text):
        problem = f"expected a hash of sha256, got {algorithm}"
        raise line.wrong(problem, "`pip hash --algorithm sha256 FILE` prints it")
    text, hashes = without_hashes(line.text)
    editable = EDITABLE.match(text)
    path = local_path(text, line.file.parent)
    if path is not None and conda_freeze.is_lost(text, path):
        return _installed(line, text)
    if path is not None:
        _refuse_outside(line, path, top)
        text = addresses.local_address(text, path)
    else:
        text = editable[1].strip().strip("\"'") if editable else text
    if "://" in text and VARIABLE.search(text):
        raise line.wrong(
            "expected an address without variables of your environment",
            "credentials belong into git's credential helper, ~/.netrc or your pip or uv "
            "configuration, not into the project",
        )
    if addresses.URL.match(text) or text.startswith("file:"):
        parse_source(text)  # refuses an address that can't be fetched
        text = addresses.named_wheel(text)
        return text + (hashes or addresses.hashes_of_url(text))
    try:
        plain = str(Requirement(text))
    except InvalidRequirement as error:
        option = _OPTION.search(text)
        if option is not None:
            raise line.wrong(f"`{option[1]}`: option not supported", NOT_SUPPORTED) from error
        raise line.wrong(
            f"expected a requirement, got {display(text)}",
            "write it as pip reads it: NAME==VERSION",
        ) from error
    parse_source(plain)
    return plain + (hashes or addresses.hashes_of_url(plain))


def named_wheels(direct: DirectRequirements) -> dict[str, str]:
    """File name → address of each wheel that a requirement names by its path or address."""
    return addresses.named_wheels(direct.requirements)


def _installed(line: _Line, text: str) -> str:
    requirement = conda_freeze.installed(text)
    if requirement is None:
        name = conda_freeze.name_of(text)
        wrong = line.wrong(
            f"expected a version of {name}, got a path that does not exist here, and the active "
            f"environment has no {name}: {display(text)}",
            conda_freeze.HINT,
        )
        raise _LostPathError(wrong.message, wrong.hint)
    return requirement


def _refuse_outside(line: _Line, path: Path, top: Path) -> None:
    if not path.resolve().is_relative_to(top.resolve()):
        raise line.wrong(
            f"expected a path within the project, got {str(path)[:200]!r}",
            "copy it into the project; a repository of git on this machine can be named as "
            "git+file:///PATH@COMMIT, and a folder of wheels in your own configuration (find-links "
            "of pip or uv)",
        )
