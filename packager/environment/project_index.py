"""What a project says itself of where its packages come from, beside the user's configuration.

Options in requirements files are for uv to read while it resolves; a lock is answered without
these files, so the options are handed on. uv ties a package to an index (``tool.uv.sources``) only
where a ``pyproject.toml`` asks for the package; ours comes from ``requirements.txt``.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from packager.errors import UsageError

OPTION = re.compile(
    r"^[ \t]*(-i|-f|--index-url|--extra-index-url|--find-links)(?:[ \t]*=[ \t]*|[ \t]+)(\S+)", re.M
)
FLAGS = {"-i": "--default-index", "--index-url": "--default-index", "-f": "--find-links"}
NAME = re.compile(r"^[ \t]*([A-Za-z0-9][\w.-]*)", re.MULTILINE)


@dataclass(frozen=True)
class Tied:
    """Packages that have to come from one index, as uv has it."""

    sources: Mapping[str, Any]
    """Package to its ``tool.uv.sources``."""
    indexes: tuple[Mapping[str, Any], ...]
    """The ``tool.uv.index`` they name, with whole addresses."""

    def of(self, names: Collection[str]) -> Tied:
        """What of it is about the packages ``names``."""
        return replace(self, sources={n: s for n, s in self.sources.items() if n in names})

    def pyproject(self) -> str:
        """A project that asks for these packages alone, from their indexes, in any version."""
        tables = [f"[[tool.uv.index]]\n{_lines(index)}" for index in self.indexes]
        project = {"name": "tied", "version": "0", "dependencies": sorted(self.sources)}
        tables += [f"[project]\n{_lines(project)}", f"[tool.uv.sources]\n{_lines(self.sources)}"]
        return "\n".join(tables)


def options_in(texts: Mapping[Path, str]) -> Iterator[str]:
    """uv's arguments for the options in requirements files; folders relative to their file."""
    for path, text in texts.items():
        for option, value in OPTION.findall(text):
            beside = path.parent / value
            whole = str(beside) if "://" not in value and beside.exists() else value
            yield from (FLAGS.get(option, option), whole)


def tied_in(folder: Path, texts: Mapping[Path, str]) -> Tied | None:
    """What the ``pyproject.toml`` in or above ``folder`` ties to an index, of what is required.

    Raises ``UsageError`` where it is no TOML.
    """
    file = next(
        (p for f in (folder, *folder.parents) if (p := f / "pyproject.toml").is_file()), None
    )
    if file is None:
        return None
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: expected TOML, got {error}", "mend it") from error
    uv = content.get("tool", {}).get("uv", {})
    required = {canonicalize_name(name) for text in texts.values() for name in NAME.findall(text)}
    sources = {
        str(canonicalize_name(name)): source
        for name, source in uv.get("sources", {}).items()
        if canonicalize_name(name) in required and _indexed(source)
    }
    if not sources:
        return None
    indexes = (dict(index) for index in uv.get("index", ()))
    return Tied(sources, tuple({**i, "url": _whole(str(i["url"]), file.parent)} for i in indexes))


def _indexed(source: Any) -> bool:
    parts = source if isinstance(source, list) else [source]
    return all(isinstance(part, dict) and "index" in part for part in parts)


def _whole(url: str, folder: Path) -> str:
    return url if "://" in url else (folder / url).resolve().as_uri()


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{json.dumps(name)} = {_toml(value)}\n" for name, value in table.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(n)} = {_toml(v)}" for n, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
