"""Reads uv's configuration, the user's and a project's, keeping settings that choose packages.

uv would read both by itself, and some of their settings build packages from source, which runs
``setup.py`` on this machine. So uv reads one generated file with only the settings named below.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packager.confinement import small_toml
from packager.errors import UsageError

_WHERE = ("index", "index-url", "extra-index-url", "find-links", "no-index", "index-strategy")
_WHICH = ("exclude-newer", "exclude-newer-package", "prerelease", "resolution", "fork-strategy")
_NEEDS = ("constraint-dependencies", "override-dependencies", "exclude-dependencies")
PROJECT_SETTINGS = frozenset((*_WHERE, *_WHICH, *_NEEDS))
"""Settings that are read from a project's ``uv.toml`` or ``[tool.uv]``."""
USER_SETTINGS = PROJECT_SETTINGS | {
    "allow-insecure-host", "cache-dir", "concurrent-downloads", "http-proxy", "https-proxy",
    "keyring-provider", "native-tls", "no-cache", "no-proxy", "offline", "system-certs",
    "trusted-host",
}  # fmt: skip
PATHS = ("find-links", "index-url", "extra-index-url")
LIST_SETTINGS = (
    "index",
    "extra-index-url",
    "find-links",
    "allow-insecure-host",
    "trusted-host",
    *_NEEDS,
)
"""Settings whose lists uv joins across files; of any other setting the nearest file's wins."""


def merged(folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings for a project in ``folder``: its own, then the user's, then the machine's.

    Earlier ones take precedence. Raises ``UsageError`` for a file that is no TOML.
    """
    settings: dict[str, Any] = {}
    for file, table, known in _files(folder, environment):
        for name, value in _settings(table, file.parent, known).items():
            if name == "pip":
                settings["pip"] = _joined(value, settings.get("pip", {}))
            else:
                settings |= _joined(
                    {name: value}, {n: settings[n] for n in (name,) if n in settings}
                )
    return settings


def shared_credentials(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Warnings about the user's credentials that uv sends to an index of the project.

    uv finds them by the index's name (``UV_INDEX_NAME_PASSWORD``), for any address.
    """
    own = project_table(folder)
    indexes = own[1].get("index", ()) if own else ()
    for index in indexes if isinstance(indexes, list) else ():
        name = str(index.get("name", "")) if isinstance(index, dict) else ""
        variable = f"UV_INDEX_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}_PASSWORD"
        if own and name and environment.get(variable):
            host = urlsplit(str(index.get("url", ""))).hostname
            yield f"{own[0].name}: your {variable} is sent to its index {name!r} at {host}"


def project_table(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The nearest ``uv.toml``, or ``pyproject.toml`` with ``[tool.uv]``, in or above ``folder``."""
    for path in (folder, *folder.parents):
        if (path / "uv.toml").is_file():
            return path / "uv.toml", read_toml(path / "uv.toml")
        if (path / "pyproject.toml").is_file():
            tools = read_toml(path / "pyproject.toml").get("tool", {})
            if isinstance(tools, dict) and "uv" in tools:
                return path / "pyproject.toml", dict(tools["uv"])
    return None


def read_toml(file: Path) -> dict[str, Any]:
    """The content of a TOML file; raises ``UsageError`` if it is no TOML."""
    try:
        return small_toml(file, file.name)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}: expected TOML, got {error}", "fix it") from error


def as_toml(table: Mapping[str, Any]) -> str:
    """Nested tables as the text of a TOML file."""
    return "".join(f"{json.dumps(name)} = {_toml(value)}\n" for name, value in table.items())


def _files(
    folder: Path, environment: Mapping[str, str]
) -> Iterator[tuple[Path, dict[str, Any], frozenset[str]]]:
    """(file, content, known settings), the nearest file first."""
    own = project_table(folder)
    if own is not None:
        yield (*own, PROJECT_SETTINGS)
    if environment.get("UV_NO_CONFIG", "").lower() in ("1", "true", "yes", "on"):
        return
    if named := environment.get("UV_CONFIG_FILE"):
        yield Path(named), read_toml(Path(named)), USER_SETTINGS
        return
    for path in _config_folders(environment):
        file = path / "uv" / "uv.toml"
        if file.is_file():
            yield file, read_toml(file), USER_SETTINGS


def _config_folders(environment: Mapping[str, str]) -> list[Path]:
    """Folders that uv searches for the user's and the machine's configuration."""
    home = environment.get("HOME") or os.path.expanduser("~")
    user = environment.get("XDG_CONFIG_HOME") or environment.get("APPDATA")
    machine = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    paths = [user or os.path.join(home, ".config"), *machine.split(os.pathsep), "/etc"]
    return [Path(path) for path in paths if os.path.isabs(path)]


def _settings(table: Mapping[str, Any], folder: Path, known: frozenset[str]) -> dict[str, Any]:
    settings = {n: _resolved(n, value, folder) for n, value in table.items() if n in known}
    pip = table.get("pip")
    if isinstance(pip, dict):
        settings["pip"] = {n: _resolved(n, value, folder) for n, value in pip.items() if n in known}
    return settings


def _joined(farther: Mapping[str, Any], nearer: Mapping[str, Any]) -> dict[str, Any]:
    settings = {**farther}
    for name, value in nearer.items():
        both = (
            name in LIST_SETTINGS
            and isinstance(settings.get(name), list)
            and isinstance(value, list)
        )
        # ``value`` is the nearer setting: it wins, and the farther list's entries follow its own.
        settings[name] = [*value, *settings[name]] if both else value
    return settings


def _resolved(name: str, value: Any, folder: Path) -> Any:
    """A setting with its paths resolved against its file's folder."""
    if isinstance(value, list):
        return [_resolved(name, one, folder) for one in value]
    if name == "index" and isinstance(value, dict) and "url" in value:
        return {**value, "url": _as_uri(str(value["url"]), folder)}
    return _as_uri(value, folder) if name in PATHS and isinstance(value, str) else value


def _as_uri(text: str, folder: Path) -> str:
    return text if "://" in text else (folder / text).resolve().as_uri()


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(n)} = {_toml(v)}" for n, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value if isinstance(value, str | bool | int | float) else str(value))
