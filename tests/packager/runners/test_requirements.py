from __future__ import annotations

from pathlib import Path

from host_samples import LOCK
from saved_bases import saved

from packager.environment.dependencies import Dependencies
from packager.environment.lock import LockFile
from packager.image.base.saved import BaseImage
from packager.runners.requirements import with_base_digest

FILE = LockFile(
    inputs="", python="3.11", platform="linux/amd64", wheels=(), base_digests={"a/b:1": "sha256:1"}
)
FOUND = Dependencies(LOCK, FILE)


def test_the_digest_of_a_base_from_a_registry_is_added_to_the_lock_file(tmp_path: Path) -> None:
    base = BaseImage(saved(reference="h/python:3", digest="sha256:2"), tmp_path, None)
    found = with_base_digest(FOUND, base).file
    assert found.base_digests == {"a/b:1": "sha256:1", "h/python:3": "sha256:2"}


def test_other_bases_change_nothing(tmp_path: Path) -> None:
    assert with_base_digest(FOUND, None) is FOUND
    assert with_base_digest(FOUND, BaseImage(saved(), tmp_path, None)) is FOUND
