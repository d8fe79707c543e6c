"""Annotations of images: read from OCI manifests, and kept for images in engines.

An engine and a ``docker save`` archive hold an image's config and layers, but no annotations. So
those of an image that was built here are kept in the cache by its digest.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from packager.cache import atomic_file, cache_directory, touch
from packager.digest import canonical_json
from packager.image.config import Image

MAX_ANNOTATIONS = 1000
FOLDER = "annotations"


def annotations_of(described: Any) -> dict[str, str]:
    """The annotations of an OCI manifest; raises ``ValueError`` unless they are texts by name."""
    texts = described.get("annotations") or {}
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("expected texts by name as annotations")
    if len(texts) > MAX_ANNOTATIONS:
        raise ValueError(f"expected at most {MAX_ANNOTATIONS} annotations, got {len(texts):,}")
    return texts


def keep_annotations(image: Image) -> None:
    """Record the annotations of ``image`` under its digest, in place of an earlier record."""
    if image.annotations:
        with atomic_file(cache_directory(FOLDER) / image.digest[7:]) as file:
            file.write_bytes(canonical_json(dict(image.annotations)))


def kept_annotations(digest: str) -> dict[str, str]:
    """The annotations of the image ``sha256:…`` as last built here; empty if never."""
    path = cache_directory(FOLDER) / digest.removeprefix("sha256:")
    with contextlib.suppress(FileNotFoundError, ValueError):  # a damaged record is none
        texts = annotations_of({"annotations": json.loads(path.read_bytes())})
        touch(path)
        return texts
    return {}
