"""The stores of a DVC repository: its cache, and remotes that are folders."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packager.confinement import small_text
from packager.errors import UsageError

FOLDER = ".dvc"
GLOBAL, SYSTEM = "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"
"""Variables of DVC that move the folders of the user's and of the machine's configuration."""
CONFIGS = ("config", "config.local")
FILES = "files/md5"
"""DVC 3's folder of content by MD5, below a cache or a remote; version 2 has it at the top."""


@dataclass(frozen=True)
class DvcRepository:
    """A repository, and the folders that may hold content, the likeliest first."""

    top: Path
    stores: tuple[Path, ...]

    def candidates(self, digest: str) -> Iterator[Path]:
        """The files that may have the content of ``digest``, which only its bytes prove."""
        for store in self.stores:
            for layout in (store / FILES, store):
                path = layout / digest[:2] / digest[2:]
                if path.is_file():
                    yield path


def dvc_repository(file: Path) -> DvcRepository:
    """The repository of a ``.dvc`` file; raises ``UsageError`` if there is none around it."""
    for top in file.absolute().parents:
        if (top / FOLDER).is_dir():
            return DvcRepository(top, tuple(_stores(top / FOLDER)))
    raise UsageError(
        f"{file}: expected it in a repository of DVC, got no folder {FOLDER} above it",
        "run `dvc init`, or name the data itself as [data] source",
    )


def _stores(folder: Path) -> Iterator[Path]:
    """The cache, then the default remote and the others, if they are folders of this machine."""
    settings = _settings(folder)
    yield Path(settings.get("cache", {}).get("dir") or folder / "cache")
    remotes = {
        name.removeprefix('remote "').removesuffix('"'): values.get("url", "")
        for name, values in settings.items()
        if name.startswith('remote "')
    }
    default = settings.get("core", {}).get("remote", "")
    for name in sorted(remotes, key=lambda one: (one != default, one)):
        url = remotes[name]
        if url and "://" not in url:
            yield Path(url)


def _placed(folder: Path, name: str) -> str:
    """A path of the configuration, which is relative to the file's folder; addresses stay."""
    return name if "://" in name else os.path.normpath(folder / Path(name).expanduser())


def _config_files(folder: Path) -> Iterator[Path]:
    """The files of the machine, of the user and of the repository: later ones win."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    yield Path(os.environ.get(SYSTEM) or "/etc/xdg/dvc") / CONFIGS[0]
    yield Path(os.environ.get(GLOBAL) or home / "dvc") / CONFIGS[0]
    yield from (folder / name for name in CONFIGS)


def _settings(folder: Path) -> dict[str, dict[str, str]]:
    """Section → key → value, with absolute paths of the cache and of remotes."""
    settings: dict[str, dict[str, str]] = {}
    for file in _config_files(folder):
        if not file.is_file():
            continue
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(small_text(file, file.name))
        except configparser.Error as error:
            raise UsageError(
                f"{file}: expected DVC's configuration, got {error}", "mend that line"
            ) from error
        for section in parser.sections():
            values = dict(parser[section])
            for key in values.keys() & {"dir", "url"}:
                values[key] = _placed(file.parent, values[key])
            settings.setdefault(section.strip("'"), {}).update(values)
    return settings
