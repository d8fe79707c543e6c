"""Where a DVC repository keeps content: its cache, and remotes that are folders."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packager.confinement import small_text
from packager.errors import UsageError

FOLDER = ".dvc"
CONFIGS = ("config", "config.local")
FILES = "files/md5"
"""Where version 3 of DVC keeps content by MD5, below a cache or a remote; version 2 in the top."""


@dataclass(frozen=True)
class DvcRepository:
    """A repository, and the folders that may hold content, the likeliest first."""

    top: Path
    stores: tuple[Path, ...]

    def kept(self, digest: str) -> Iterator[Path]:
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
    yield _placed(folder, settings.get("cache", {}).get("dir", "cache"))
    remotes = {
        name.removeprefix('remote "').removesuffix('"'): values.get("url", "")
        for name, values in settings.items()
        if name.startswith('remote "')
    }
    default = settings.get("core", {}).get("remote", "")
    for name in sorted(remotes, key=lambda one: (one != default, one)):
        url = remotes[name]
        if url and "://" not in url:
            yield _placed(folder, url)


def _placed(folder: Path, name: str) -> Path:
    """A path of the configuration, which is relative to the file's folder."""
    return Path(os.path.normpath(folder / Path(name).expanduser()))


def _settings(folder: Path) -> dict[str, dict[str, str]]:
    """Section → key → value; those of ``config.local`` win."""
    found: dict[str, dict[str, str]] = {}
    for name in CONFIGS:
        file = folder / name
        if not file.is_file():
            continue
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(small_text(file, name))
        except configparser.Error as error:
            raise UsageError(
                f"{file}: expected DVC's configuration, got {error}", "mend that line"
            ) from error
        for section in parser.sections():
            found.setdefault(section.strip("'"), {}).update(parser[section])
    return found
