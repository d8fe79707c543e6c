"""Index pins that a project itself declares, in addition to the user's configuration.

uv pins a package to an index (``tool.uv.sources``) only if a ``pyproject.toml`` requires the
package; here the requirements come from ``requirements.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from packager.environment.uv_config import as_toml, read_toml

SOURCE_KEYS = frozenset({"index", "marker", "extra", "group"})
NAME = re.compile(r"^[ \t]*([A-Za-z0-9][\w.-]*)", re.MULTILINE)


@dataclass(frozen=True)
class IndexPins:
    """Packages that must come from one index, in uv's format."""

    sources: Mapping[str, Any]
    """Package → its ``tool.uv.sources``."""
    indexes: tuple[Mapping[str, Any], ...]
    """Tables of ``tool.uv.index``, with absolute addresses."""

    def of(self, names: Collection[str]) -> IndexPins:
        """The pins of the packages ``names``."""
        return replace(self, sources={n: s for n, s in self.sources.items() if n in names})

    def pyproject(self) -> str:
        """A ``pyproject.toml`` that requires these packages in any version, with their pins."""
        tables = [f"[[tool.uv.index]]\n{as_toml(index)}" for index in self.indexes]
        project = {"name": "tied", "version": "0", "dependencies": sorted(self.sources)}
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
    return IndexPins(
        sources, tuple({**i, "url": _whole(str(i["url"]), file.parent)} for i in indexes)
    )


def _indexed(source: Any) -> bool:
    parts = source if isinstance(source, list) else [source]
    return all(isinstance(part, dict) and "index" in part and set(part) <= SOURCE_KEYS
               for part in parts)  # fmt: skip


def _whole(url: str, folder: Path) -> str:
    return url if "://" in url else (folder / url).resolve().as_uri()
