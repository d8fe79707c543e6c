"""Index pins that a project itself declares, in addition to the user's configuration.

uv pins a package to an index (``tool.uv.sources``) only if a ``pyproject.toml`` requires the
package; here the requirements come from files of any format. Poetry's pins are written as uv's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from packager.environment.requirement_hashes import without_hashes
from packager.environment.requirement_lines import local_path, logical_lines
from packager.environment.uv_config import as_toml, read_toml

SOURCE_KEYS = frozenset({"index", "marker", "extra", "group"})
NAME = re.compile(r"^([A-Za-z0-9][\w.-]*)")


@dataclass(frozen=True)
class IndexPins:
    """Packages that must come from one index, in uv's format."""

    sources: Mapping[str, Any]
    """Package → its ``tool.uv.sources``."""
    indexes: tuple[Mapping[str, Any], ...]
    """Tables of ``tool.uv.index``, with absolute addresses."""
    markers: Mapping[str, str] = field(default_factory=dict)
    """Package → the marker of its requirement, where all of its requirements have one."""

    def of(self, names: Collection[str]) -> IndexPins:
        """The pins of the packages ``names``."""
        return replace(self, sources={n: s for n, s in self.sources.items() if n in names})

    def pyproject(self) -> str:
        """A ``pyproject.toml`` that requires these packages in any version, with their pins."""
        tables = [f"[[tool.uv.index]]\n{as_toml(index)}" for index in self.indexes]
        required = [
            f"{name} ; {self.markers[name]}" if name in self.markers else name
            for name in sorted(self.sources)
        ]
        project = {"name": "tied", "version": "0", "dependencies": required}
        tables += [f"[project]\n{as_toml(project)}", f"[tool.uv.sources]\n{as_toml(self.sources)}"]
        return "\n".join(tables)


def index_pins(folder: Path, texts: Mapping[Path, str]) -> IndexPins | None:
    """Index pins of required packages in the ``pyproject.toml`` in or above ``folder``.

    ``texts`` are the requirements files. None if there are no pins. Raises ``UsageError`` for a
    file that is no TOML.
    """
    file = next(
        (p for f in (folder, *folder.parents) if (p := f / "pyproject.toml").is_file()), None
    )
    if file is None:
        return None
    content = read_toml(file)
    tool = _table(content.get("tool"))
    uv = _table(tool.get("uv"))
    required = _required(texts)
    if _names(texts, file.parent):
        required |= _required_by(_table(content.get("project")))
    declared, poetry_indexes = _of_poetry(_table(tool.get("poetry")))
    sources = {
        str(canonicalize_name(name)): source
        for name, source in {**declared, **_table(uv.get("sources"))}.items()
        if canonicalize_name(name) in required and _indexed(source)
    }
    if not sources:
        return None
    indexes = (dict(index) for index in (*uv.get("index", ()), *poetry_indexes))
    markers = {
        name: " or ".join(conditions)
        for name, conditions in required.items()
        if conditions and all(conditions)
    }
    return IndexPins(
        sources,
        tuple({**i, "url": _absolute_url(str(i["url"]), file.parent)} for i in indexes),
        markers,
    )


def _required(texts: Mapping[Path, str]) -> dict[str, list[str]]:
    """Canonical name → the marker of each of its requirements; empty for one without."""
    markers: dict[str, list[str]] = {}
    for text in texts.values():
        for _, line in logical_lines(text):
            try:
                requirement = Requirement(without_hashes(line)[0])
            except InvalidRequirement:
                named = NAME.match(line)
                name, marker = (named[1], "") if named else (None, "")
            else:
                name, marker = (
                    requirement.name,
                    f"({requirement.marker})" if requirement.marker else "",
                )
            if name is not None:
                markers.setdefault(canonicalize_name(name), []).append(marker)
    return markers


def _names(texts: Mapping[Path, str], folder: Path) -> bool:
    """Whether a requirement is the project in ``folder`` itself, such as ``-e .``."""
    places = (
        local_path(line, file.parent)
        for file, text in texts.items()
        for _, line in logical_lines(text)
    )
    return any(path is not None and path.resolve() == folder.resolve() for path in places)


def _required_by(project: Mapping[str, Any]) -> dict[str, list[str]]:
    listed = project.get("dependencies")
    lines = [line for line in listed if isinstance(line, str)] if isinstance(listed, list) else []
    return _required({Path("pyproject.toml"): "\n".join(lines)})


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _of_poetry(poetry: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Package → its index as uv's source, and the indexes that ``tool.poetry`` names so."""
    groups = _table(poetry.get("group")).values()
    listed = [poetry, *map(_table, groups)]
    sources = {
        name: {"index": wish["source"]}
        for table in listed
        for name, wish in _table(table.get("dependencies")).items()
        if isinstance(wish, dict) and isinstance(wish.get("source"), str)
    }
    entries = poetry.get("source") if isinstance(poetry.get("source"), list) else []
    indexes = [
        {"name": index["name"], "url": index["url"], "explicit": True}
        for index in entries or []
        if isinstance(index, dict) and {"name", "url"} <= index.keys()
    ]
    known = {index["name"] for index in indexes}
    return {n: s for n, s in sources.items() if s["index"] in known}, indexes


def _indexed(source: Any) -> bool:
    parts = source if isinstance(source, list) else [source]
    return all(isinstance(part, dict) and "index" in part and set(part) <= SOURCE_KEYS
               for part in parts)  # fmt: skip


def _absolute_url(url: str, folder: Path) -> str:
    return url if "://" in url else (folder / url).resolve().as_uri()
