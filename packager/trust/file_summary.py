"""Digests of an image's files for the comparison at start, cached by the digests of its layers.

An image has some 10,000 files, whose lists take tens of milliseconds to read and join. The digests
that follow from them are kept, so a start reads a few kilobytes, and compares the same values. The
lists are read where a value differs, to name the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from packager.cache import atomic_file, cache_directory, touch
from packager.digest import canonical_json, sha256_bytes
from packager.errors import PackageError
from packager.image.file_list import READER_VERSION, TOPS, FileList, strays
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Manifest
from packager.trust.image_check import documents_of, stored_documents


class FileSummary(FrozenModel):
    """Digests of the files of an image, and of those that its companion adds."""

    image: dict[str, str]
    """Folder → digest, as ``Platform.trees``."""
    companion: dict[str, str]
    companion_read: bool
    """Whether anything is on top of the image."""
    documents: dict[str, str]
    """Path → sha256 of the files of ``/package``."""

    @classmethod
    def of(cls, file_list: FileList) -> FileSummary | None:
        """The summary; None for files that no package has, which only the lists can name."""
        above = any(name.startswith("package/") for name in file_list.companion)
        if above or strays(file_list.image) or strays(file_list.companion):
            return None
        image, companion = file_list.trees()
        documents = stored_documents(file_list)
        return cls(
            image=image,
            companion=companion,
            companion_read=bool(file_list.companion),
            documents=documents,
        )

    def is_of(self, manifest: Manifest, platform: str) -> bool:
        """Whether every digest is that of the ``manifest``."""
        recorded = manifest.platforms[platform]
        return (
            self.image == recorded.trees
            and (not self.companion_read or self.companion == recorded.companion)
            and self.documents == documents_of(manifest, platform)
        )


def known_summary(image: Sequence[str], above: Sequence[str]) -> FileSummary | None:
    """The summary of the layers ``image`` with those ``above`` them; None if none was kept."""
    location = _cache_path(image, above)
    if not location.is_file():
        return None
    try:
        summary = FileSummary.load(location)
    except PackageError:  # damaged: it is made again
        return None
    touch(location)
    return summary


def keep_summary(image: Sequence[str], above: Sequence[str], file_list: FileList) -> None:
    """Keep the summary of ``file_list``, which was read from these layers (diff_ids, bottom up)."""
    summary = FileSummary.of(file_list)
    if summary is not None:
        with atomic_file(_cache_path(image, above)) as file:
            file.write_bytes(summary.dump())


def _cache_path(image: Sequence[str], above: Sequence[str]) -> Path:
    key = canonical_json([READER_VERSION, TOPS, list(image), list(above)])
    return cache_directory("summaries") / f"{sha256_bytes(key)}.json"
