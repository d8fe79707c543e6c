"""Facts of an image outside of the package root, for ``package inspect``."""

from __future__ import annotations

from collections.abc import Mapping

from packager.image.config import LABEL, REVISION, SOURCE, TITLE, VERSION, WORKING_TREE
from packager.image.reference import Reference

WRITTEN = (TITLE, VERSION)
TREES = {
    "dirty": ": the files differed from that commit",
    "unknown": ": the files were not compared with that commit",
}


def commit_text(annotations: Mapping[str, str]) -> str | None:
    """The commit that was built, where it is from, and whether the files were its; None if unknown.

    The texts are those of the image, not verified.
    """
    revision = annotations.get(REVISION)
    if revision is None:
        return None
    tree = TREES.get(annotations.get(WORKING_TREE, ""), "")
    return (
        f"{annotations[SOURCE]} at {revision}{tree}" if SOURCE in annotations else revision + tree
    )


def annotations_of(reference: Reference) -> dict[str, str]:
    """The annotations of the image's OCI manifest; in an engine, those of its last build here."""
    return dict(reference.config["annotations"])


def labels_of(reference: Reference) -> dict[str, str]:
    """The labels in the image's config."""
    return dict(reference.config["config"].get("Labels") or {})


def own_labels(labels: Mapping[str, str]) -> list[str]:
    """``NAME=VALUE`` of each label that is not a build's own, sorted."""
    return [
        f"{name}={text}"
        for name, text in sorted(labels.items())
        if not name.startswith(f"{LABEL}.") and name not in WRITTEN
    ]
