"""The wheelhouse: locked wheels, downloaded on the host and stored by sha256."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests

from packager.cache import atomic_file, cache_directory
from packager.digest import CHUNK, sha256_file
from packager.environment.downloads import failed_download
from packager.environment.index import IndexOptions
from packager.environment.pylock import ResolvedWheel
from packager.errors import PackageError
from packager.manifest.manifest import Wheel
from packager.progress import Progress

CONNECT_AND_READ_SECONDS = (15, 120)
MAX_CONCURRENT_DOWNLOADS = 6
Credentials = Mapping[str, tuple[str, str]]


def wheel_path(wheel: Wheel) -> Path:
    """The path of ``wheel`` in the wheelhouse, which need not exist."""
    return cache_directory("wheels") / wheel.sha256 / wheel.filename


def missing(wheels: Sequence[Wheel]) -> list[Wheel]:
    """The wheels that the wheelhouse lacks."""
    return [wheel for wheel in wheels if not wheel_path(wheel).is_file()]


def fetch(resolved: Sequence[ResolvedWheel], index: IndexOptions, progress: Progress) -> None:
    """Download missing wheels concurrently; every file is checked against its sha256.

    Raises ``PackageError`` for a failed download or another sha256.
    """
    absent = [item for item in resolved if not wheel_path(item.wheel).is_file()]
    if not absent:
        return
    started, known = time.monotonic(), index.credentials()
    with index.session() as session, ThreadPoolExecutor(MAX_CONCURRENT_DOWNLOADS) as pool:
        sizes = list(pool.map(lambda item: _fetch(item, session, known), absent))
    name = f"{len(absent)} wheels" if len(absent) > 1 else absent[0].wheel.filename
    progress.item(name, "fetched", sum(sizes), time.monotonic() - started)


def _fetch(item: ResolvedWheel, session: requests.Session, known: Credentials) -> int:
    """Put one wheel into the wheelhouse; returns its size in bytes."""
    path = wheel_path(item.wheel)
    with atomic_file(path) as file:
        if urlsplit(item.url).scheme == "file":
            shutil.copyfile(url2pathname(urlsplit(item.url).path), file)
        else:
            _download(item.url, file, session, known.get(urlsplit(item.url).netloc))
        digest = sha256_file(file)
        if digest != item.wheel.sha256:
            raise PackageError(
                f"{item.wheel.filename}: expected sha256 {item.wheel.sha256}, got {digest}",
                "the index changed the file or the download was damaged: build again, "
                "or lock again with --upgrade",
            )
    return path.stat().st_size


def _download(
    url: str, file: Path, session: requests.Session, auth: tuple[str, str] | None
) -> None:
    wait = CONNECT_AND_READ_SECONDS
    try:
        with session.get(url, stream=True, timeout=wait, auth=auth) as answer:
            answer.raise_for_status()
            with file.open("wb") as output:
                for chunk in answer.iter_content(CHUNK):
                    output.write(chunk)
                os.fsync(output.fileno())
    except requests.RequestException as error:
        raise failed_download(url.rpartition("/")[2].partition("?")[0], error) from None
