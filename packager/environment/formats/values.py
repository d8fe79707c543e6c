"""Values of TOML and YAML in the type that a format prescribes, or an error that names the key."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from packager.confinement import parse_toml, refuse_leaving, small_toml
from packager.environment.formats.selection import DependencySelection
from packager.errors import UsageError
from packager.text import without_credentials

PROJECT = "pyproject.toml"
MAX_BYTES = 16 << 20
"""Of a lock, which lists every file of every dependency."""
MAX_YAML = 1 << 17
"""Bytes of a file of conda; parsing YAML takes a second for as many."""


_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order mark → encoding; UTF-32's begins with UTF-16's."""
_CODING = re.compile(rb"^\s*#.*?coding[:=][ \t]*([-.a-zA-Z0-9]+)", re.MULTILINE)


def display(value: Any) -> str:
    """``value`` for a message: short, and without credentials in addresses."""
    return without_credentials(repr(value))[:120]


def table(value: Any, key: str, called: str) -> dict[str, Any]:
    """``value`` if it is a table; an absent one is empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(f"{called}: `{key}`: expected a table, got {display(value)}", _FIX)
    return value


def items(value: Any, key: str, called: str) -> list[Any]:
    """``value`` if it is a list; an absent one is empty."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise UsageError(f"{called}: `{key}`: expected a list, got {display(value)}", _FIX)
    return value


def tables(value: Any, key: str, called: str) -> list[dict[str, Any]]:
    """``value`` if it is a list of tables."""
    return [table(one, key, called) for one in items(value, key, called)]


def text(value: Any, key: str, called: str) -> str:
    """``value`` if it is a text of one line."""
    if not isinstance(value, str) or len(value.splitlines()) > 1:
        raise UsageError(f"{called}: `{key}`: expected a text, got {display(value)}", _FIX)
    return value


def texts(value: Any, key: str, called: str) -> list[str]:
    """``value`` if it is a list of texts of one line each."""
    return [text(one, key, called) for one in items(value, key, called)]


def read_toml(file: Path, top: Path) -> dict[str, Any]:
    """The content of a TOML file within the project ``top``; raises ``UsageError``."""
    refuse_leaving(file, top)
    try:
        return parse_toml(bounded_text(file), file.name)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{file.name}: expected TOML, got {error}", "make the file again"
        ) from error


def bounded_text(file: Path, limit: int | None = None, *, marked: bool = False) -> str:
    """The text of a file of at most ``limit`` or ``MAX_BYTES``; raises ``UsageError``.

    ``marked``: in the encoding that the file itself names, else in UTF-8.
    """
    size, limit = file.stat().st_size, limit or MAX_BYTES
    if size > limit:
        raise UsageError(
            f"{file.name}: expected at most {limit:,} bytes, got {size:,}", "make it smaller"
        )
    content = file.read_bytes()
    encoding = _encoding(content) if marked else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        known = "UTF-8" if encoding == "utf-8-sig" else encoding.upper()
        raise UsageError(
            f"{file.name}: expected text in {known}, got {error.reason} at byte {error.start}",
            "save it as UTF-8",
        ) from error


def _encoding(content: bytes) -> str:
    """The encoding by a byte order mark, which PowerShell writes, or by a comment as Python's.

    pip reads requirements in the same way.
    """
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    declared = _CODING.search(b"\n".join(content.splitlines()[:2]))
    if marked is None and declared is not None:
        name = declared[1].decode("ascii")
        with contextlib.suppress(LookupError):
            return codecs.lookup(name).name
    return marked or "utf-8-sig"


def check_python(pythons: str, called: str, selection: DependencySelection) -> None:
    """Raise ``UsageError`` unless ``pythons``, a specifier, allows the target's Python."""
    try:
        allowed = SpecifierSet(pythons)
    except InvalidSpecifier as error:
        raise UsageError(
            f"{called}: expected versions of Python such as >=3.11, got {display(pythons)}", _FIX
        ) from error
    if not selection.supported_by(allowed):
        raise other_python(called, pythons, selection)


def check_python_of(folder: Path, selection: DependencySelection, called: str = PROJECT) -> None:
    """Raise ``UsageError`` if the project in ``folder`` excludes the base's Python.

    ``called`` is its ``pyproject.toml``, which need not exist or be valid: the build backend, or
    who reads its requirements, reports that.
    """
    file = folder / PROJECT
    try:
        project = small_toml(file, called).get("project") if file.is_file() else None
    except (ValueError, RecursionError):
        return
    pythons = project.get("requires-python") if isinstance(project, dict) else None
    if isinstance(pythons, str):
        check_python(pythons, called, selection)


def other_python(called: str, pythons: str, selection: DependencySelection) -> UsageError:
    """The error for a file made for other versions of Python than the base's."""
    return UsageError(
        f"{called}: expected a file for the base's Python {selection.target.python}, got one for "
        f"Python {pythons}",
        "name a base with that Python as [image] base in package.toml (`package base --release "
        "bookworm` makes one with 3.11, trixie with 3.13), or widen the versions of Python in "
        "pyproject.toml, and lock again if there is a lock",
    )


def check_known(kind: str, chosen: Iterable[str], known: Collection[str], called: str) -> None:
    """Raise ``UsageError`` for a chosen extra or group that the file does not have."""
    names = {canonicalize_name(name) for name in known}
    for name in chosen:
        if canonicalize_name(name) not in names:
            have = f"it has {', '.join(sorted(known))}" if known else f"it has no {kind}s"
            raise UsageError(
                f"package.toml: `requirements.{kind}s`: {called} has no {kind} {name!r}", have
            )


_FIX = "fix that value, or make the file again with the tool that wrote it"
