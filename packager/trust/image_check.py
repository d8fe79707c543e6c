"""Compare what an image contains above its base, and how it starts, with its manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from packager.image.file_list import FileList, Listing, strays
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Manifest
from packager.manifest.platform import Platform, platform_of
from packager.model.integrity import MANIFEST, MISSING, NO_FILE, IntegrityCheck
from packager.trust.facts import signed_files
from packager.trust.settings import label_checks, settings_checks

MAX_NAMED = 20
"""Maximum number of files of a group that are named, to keep reports readable."""
OWN = "a folder, file or link of a package"


def tree_checks(
    file_list: FileList, platform: Platform, recorded: Callable[[], FileList]
) -> list[IntegrityCheck]:
    """Compare the files of an image, and of its companion if it was read, with the manifest.

    ``recorded`` reads the list in the image's ``files.txt``, which names what differs; it is read
    only then. One check per folder, and one failed check per file, link or folder that differs.
    """
    checks = []
    image, companion = file_list.trees()
    pairs = [("", image, platform.trees, file_list.image)]
    if file_list.companion:
        pairs.append(("companion ", companion, platform.companion, file_list.companion))
    for called, actual, expected, listing in pairs:
        folders = sorted(actual.keys() | expected.keys())
        checks += [
            _check(f"{called}{top}", expected.get(top, NO_FILE), actual.get(top, MISSING))
            for top in folders
        ]
        if actual != expected:
            listed, short = recorded(), file_list.shortened()
            both = (listed.companion, short.companion) if called else (listed.image, short.image)
            checks += _named(called, *both)
        checks += [
            _check(f"{called}file /{name}", OWN, listing[name])
            for name in strays(listing)[:MAX_NAMED]
        ]
    return checks


def image_checks(
    config: Mapping[str, Any], manifest: Manifest, called: str = "image"
) -> list[IntegrityCheck]:
    """Compare the settings of an image's ``config`` with those that its manifest records.

    So are the labels that say which package it is; those of the user are not recorded.
    """
    platform = platform_of(config)
    known = manifest.platforms.get(platform)
    if known is None:
        expected = " or ".join(sorted(manifest.platforms)) or "none recorded"
        return [_check(f"{called}: platform", expected, platform)]
    return [
        *settings_checks(called, config, platform, known.settings),
        *label_checks(called, config, manifest),
    ]


def _named(called: str, recorded: Listing, actual: Listing) -> list[IntegrityCheck]:
    differing = sorted(
        name
        for name in recorded.keys() | actual.keys()
        if recorded.get(name, NO_FILE) != actual.get(name, MISSING)
    )
    return [
        IntegrityCheck(
            name=f"{called}file /{name}",
            expected=recorded.get(name, NO_FILE),
            actual=actual.get(name, MISSING),
            ok=False,
        )
        for name in differing[:MAX_NAMED]
    ]


def _check(name: str, expected: str, actual: str) -> IntegrityCheck:
    return IntegrityCheck(name=name, expected=expected, actual=actual, ok=expected == actual)


def documents_of(manifest: Manifest, platform: str) -> dict[str, str]:
    """Path → sha256 of the files of ``/package``, as ``manifest`` records them."""
    own = FileEntry(path=MANIFEST, sha256=manifest.root, size=0)
    entries = [*manifest.package_files(platform), own]
    return {f"package/{entry.path}": entry.sha256 for entry in entries}


def stored_documents(file_list: FileList) -> dict[str, str]:
    """Path → sha256 of the files of ``/package`` in an image."""
    return {
        name: digest
        for name, digest in signed_files(file_list.image).items()
        if name.startswith("package/")
    }


def document_checks(file_list: FileList, manifest: Manifest, platform: str) -> list[IntegrityCheck]:
    """Failed checks for files of ``/package`` that are not those of the manifest.

    A companion, or a layer above, has none there: it would replace those of the image.
    """
    expected, actual = documents_of(manifest, platform), stored_documents(file_list)
    above = [name for name in file_list.companion if name.startswith("package/")]
    return [
        *(_check(f"companion file /{name}", NO_FILE, file_list.companion[name]) for name in above),
        *(
            _check(f"file /{name}", expected.get(name, NO_FILE), actual.get(name, MISSING))
            for name in sorted(actual.keys() | expected.keys())
            if actual.get(name) != expected.get(name)
        ),
    ]
