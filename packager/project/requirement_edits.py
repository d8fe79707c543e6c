"""Changes that a caller makes to the requirements that were found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from packager.errors import UsageError

Edits = Sequence[str] | Mapping[str, str | None]
"""Lines that are added or replace that of the same package; or package → its version (``1.5``,
``>=1.5``; empty: any), None to leave it out."""
_OTHER = re.compile(r"\s*(-|\.{0,2}/)")
"""An option of pip, or a path."""
_VERSION = re.compile(r"\d")


def edited(text: str, edits: Edits | None) -> str:
    """The lines of a requirements file with ``edits``; raises ``UsageError`` for what is none."""
    lines = text.splitlines()
    for name, line in _lines(edits):
        indices = [number for number, one in enumerate(lines) if name and package_of(one) == name]
        if line is not None and indices:
            lines[indices.pop(0)] = line
        elif line is not None:
            lines.append(line)
        for number in reversed(indices):
            del lines[number]
    return "".join(f"{line}\n" for line in lines)


def package_of(line: str) -> str:
    """The canonical name of the package that a line requires; empty without one."""
    try:
        return str(canonicalize_name(Requirement(line.partition(" #")[0].strip()).name))
    except InvalidRequirement:
        return ""


def _lines(edits: Edits | None) -> list[tuple[str, str | None]]:
    """Package → its line, None to leave it out; options and paths have no package."""
    if isinstance(edits, str):
        raise UsageError(
            f"requirements: expected a list of lines or a mapping, got the text {edits!r}",
            f"write [{edits!r}]",
        )
    pairs = edits.items() if isinstance(edits, Mapping) else ((line, "") for line in edits or ())
    return [_pair(str(name), version) for name, version in pairs]


def _pair(name: str, version: str | None) -> tuple[str, str | None]:
    if version is not None and _OTHER.match(name):
        return "", name
    exact = f"=={version}" if version and _VERSION.match(version) else version or ""
    package = package_of(f"{name}{exact}")
    if not package:
        raise UsageError(
            f"requirements: expected a package with a version, got {name + exact!r}",
            "for example {'scikit-learn': '1.5.2'}, or ['scikit-learn==1.5.2']",
        )
    return package, None if version is None else f"{name}{exact}"
