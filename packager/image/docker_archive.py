"""Reads ``docker save`` archives in place: names in them are keys, never paths of this machine."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from packager.digest import sha256_bytes
from packager.image.documents import MAX_SETTINGS, bounded
from packager.manifest.platform import ATTACHED, platform_of
from packager.registry.oci_json import oci_manifest, saved_manifest
from packager.tar_reader import Refuse, TarReader

MAX_FILES = 10_000
"""Files of an archive. Docker's own store accepts images of at most 127 layers."""
MAX_LINKS = 8
MAX_MANIFESTS = 64
INDEX = "index.json"
"""Of an OCI layout, which ``docker save`` writes beside ``manifest.json``."""


class SavedArchive:
    """The files of an uncompressed archive, by name."""

    def __init__(self, file: IO[bytes], refusal: Refuse) -> None:
        self.refusal = refusal
        self.reader = TarReader(file, refusal, 2 * MAX_FILES)
        self._files: dict[str, tarfile.TarInfo] = {}
        self._links: dict[str, str] = {}
        for info in self.reader:
            if not info.isdir():
                self._add(posixpath.normpath(info.name), info)
        if "manifest.json" not in self._files:
            raise self.refusal("a tar without manifest.json")

    def _add(self, name: str, info: tarfile.TarInfo) -> None:
        if name in self._files or name in self._links:
            raise self.refusal(f"{name!r} twice")
        if info.isreg():
            self._files[name] = info
        elif info.issym():
            self._links[name] = posixpath.join(posixpath.dirname(name), info.linkname)
        elif info.islnk():
            self._links[name] = info.linkname
        else:
            raise self.refusal(f"{name!r}, which is not a file")
        if len(self._files) + len(self._links) > MAX_FILES:
            raise self.refusal(f"more than {MAX_FILES:,} files")

    def entries(self) -> list[dict[str, Any]]:
        """Entries of ``manifest.json``: ``Config``, ``RepoTags`` and ``Layers`` of each image."""
        listed = saved_manifest(self.document("manifest.json"))
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise self.refusal("a manifest.json that lists no images")
        return listed

    def check_index(self, configs: Collection[str]) -> None:
        """Refuse an archive whose OCI index leads to images without these config digests.

        Engines with containerd's store load what the index names, others what ``manifest.json``
        does. ``configs``: ``sha256:…`` of those in ``manifest.json``.
        """
        top = oci_manifest(self.document(INDEX)) if INDEX in self._files else {}
        waiting = [top]
        for _ in range(MAX_MANIFESTS):
            if not waiting:
                return
            index = waiting.pop()
            for entry in index.get("manifests") or ():
                digest = str(entry["digest"])
                name = f"blobs/{digest.replace(':', '/', 1)}"
                # An attachment; but engines load what the top names, whatever its platform.
                if index is not top and platform_of(entry.get("platform") or {}) == ATTACHED:
                    continue
                if name not in self._files and name not in self._links:
                    continue  # another platform's, which was not saved
                content = self.document(name)
                if f"sha256:{sha256_bytes(content)}" != digest:
                    raise self.refusal(f"content of {name} that does not match its digest")
                document = oci_manifest(content)
                if "manifests" in document:
                    waiting.append(document)
                elif document["config"]["digest"] not in configs:
                    raise self.refusal(
                        f"an {INDEX} that leads to another image ({document['config']['digest']}) "
                        "than its manifest.json"
                    )
        raise self.refusal(f"more than {MAX_MANIFESTS} indexes")

    def find(self, name: str) -> tarfile.TarInfo:
        """The file called ``name``, links followed: engines link to a layer that images share."""
        for _ in range(MAX_LINKS):
            name = posixpath.normpath(name)
            if name not in self._links:
                break
            name = self._links[name]
        if name not in self._files:
            raise self.refusal(f"no file {name[:200]!r}, which its manifest.json names")
        return self._files[name]

    def document(self, name: str) -> bytes:
        """The content of a small file."""
        return bounded(self.reader.content(self.find(name), MAX_SETTINGS))


@contextmanager
def open_archive(path: Path, refusal: Refuse) -> Iterator[SavedArchive]:
    """Open the archive at ``path``; raises ``refusal``'s error if it is no or no whole archive."""
    with path.open("rb") as file:
        archive = SavedArchive(file, refusal)
        try:
            yield archive
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise refusal(reason) from error
