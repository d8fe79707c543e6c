"""``environment.yml`` of conda: its pip part, and conda's packages by their names on an index."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from packager.environment.formats import values
from packager.environment.formats.selection import DependencySelection
from packager.environment.other_tools import FREEZE
from packager.errors import UsageError

NAMES = Path(__file__).with_name("conda_names.txt")
MAX_ALIASES = 100
"""``*name`` in a YAML file: nested ones make a small file large."""
PIP = "pip"
_ALIAS = re.compile(r"(?<![\w*])\*\w")
_CHANNEL = re.compile(r"^[\w./-]+::")
_SPEC = re.compile(
    r"^([A-Za-z0-9_][\w.-]*)\s*(?:\[\s*version\s*=\s*(['\"]?)([^'\"\]]*)\2\s*\])?\s*(.*)$"
)
_BUILD = re.compile(r"^[\w.*]+$")
_COMPARED = re.compile(r"^(===?|!=|<=|>=|~=|<|>)\s*([\w.+!*-]+)$")


def parsed_yaml(text: str, called: str) -> Any:
    """The content of YAML; raises ``UsageError`` for other text, and for many aliases."""
    if len(_ALIAS.findall(text)) > MAX_ALIASES:
        raise UsageError(
            f"{called}: expected at most {MAX_ALIASES} aliases, got more", "write the values out"
        )
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message = " ".join(str(error).split())[:200]
        raise UsageError(
            f"{called}: expected YAML, got an error in it: {message}", "fix it"
        ) from error


def lines(content: Any, selection: DependencySelection, called: str) -> list[str]:
    """The pip part as it is, and a requirement for each of conda's packages.

    Raises ``UsageError`` for another Python than the base's, and for a package that is not known
    to be the same one on an index.
    """
    if isinstance(content, dict) and isinstance(content.get("package"), list):
        raise UsageError(
            f"{called}: expected conda's environment.yml, got a lock of conda-lock",
            f"activate the environment and run `{FREEZE.format(file='requirements.txt')}`, and "
            'write [requirements] file = "requirements.txt" in package.toml',
        )
    if not isinstance(content, dict) or "dependencies" not in content:
        raise UsageError(
            f"{called}: expected a file of conda with `dependencies`, got "
            f"{values.display(content)}",
            "write the list `dependencies:`, or name another file in package.toml",
        )
    conda: list[str] = []
    pip: list[str] = []
    for entry in values.items(content["dependencies"], "dependencies", called):
        if isinstance(entry, dict):
            if entry.keys() != {PIP}:
                raise _unread(str(entry), called)
            pip += values.texts(entry[PIP], f"dependencies.{PIP}", called)
        else:
            line = requirement(values.text(entry, "dependencies", called), selection, called)
            conda += [line] if line else []
    return [*conda, *pip]


def requirement(spec: str, selection: DependencySelection, called: str) -> str | None:
    """The requirement, as pip reads it, of a match specification of conda.

    None for Python, which is compared with the target's, and for pip.
    """
    plain = _CHANNEL.sub("", spec.strip())
    match = _SPEC.match(plain)
    if match is None:
        raise _unread(spec, called)
    name, version = match[1].lower(), match[3] or match[4]
    if name == "python":
        if not selection.supported_by(_versions(version, spec, called)):
            raise UsageError(
                f"{called}: expected the base's Python {selection.target.python}, got "
                f"{values.display(spec)}",
                f"write python={selection.target.python}, or name a base with that Python as "
                "[image] base in package.toml",
            )
        return None
    if name == PIP:
        return None
    known = index_names().get(str(canonicalize_name(name)))
    if known is None:
        raise UsageError(
            f"{called}: {values.display(spec)}: expected a package that an index of wheels has "
            f"under a known name, got {name} of conda",
            "if a wheel of it exists, move the line into the list under `- pip:` with its name "
            "there; if it is a library that wheels bring themselves, such as a BLAS or a "
            "compiler's, name a copy of the file without it as [requirements] file in package.toml",
        )
    return f"{known}{_versions(version, spec, called)}"


@functools.cache
def index_names() -> dict[str, str]:
    """Name in conda → name on an index of wheels, both canonical."""
    rows = (line.split() for line in NAMES.read_text(encoding="utf-8").splitlines())
    return {row[0]: row[-1] for row in rows if row and row[0] != "#"}


def _versions(text: str, spec: str, called: str) -> SpecifierSet:
    """The versions of a match specification: ``=1.2``, ``1.2.*``, ``>=1,<2``, ``=1.2.3=build``."""
    text = text.strip()
    if text.startswith("="):
        exact = text.startswith("==")
        version, _, build = text.lstrip("=").strip().partition("=")
        version = version.strip()
        if not _BUILD.match(build or "*"):
            raise _unread(spec, called)
        if version.strip("*") == "":
            text = ""
        elif "," not in version and "|" not in version:
            fuzzy = not exact and not build and not version.endswith("*")
            text = f"=={version}.*" if fuzzy else f"=={version}"
    else:
        text = text.partition(" ")[0] if _BUILD.match(text.partition(" ")[2] or "-") else text
    parts = [_part(part.strip()) for part in text.split(",") if part.strip(" *")]
    try:
        return SpecifierSet(",".join(parts))
    except InvalidSpecifier as error:
        raise _unread(spec, called) from error


def _part(part: str) -> str:
    """One comparison as PEP 440 has it."""
    compared = _COMPARED.match(part)
    operator, version = (compared[1], compared[2]) if compared else ("==", part.lstrip("="))
    fuzzy = part.startswith("=") and not part.startswith("==") and not version.endswith("*")
    version = f"{version}.*" if fuzzy else version
    if version.endswith("*"):
        start = version.rstrip("*").rstrip(".")
        version = f"{start}.*" if operator in ("==", "!=") else start  # >=1.2.* is >=1.2
    return f"{operator}{version}"


def _unread(spec: str, called: str) -> UsageError:
    return UsageError(
        f"{called}: expected a package with one range of versions, got {values.display(spec)}",
        "write it as NAME, NAME=1.2, or NAME>=1.2,<2",
    )
