"""Annotations of images, in OCI folders and in the cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from image_samples import make_images

from packager.cache import cache_directory
from packager.image.annotations import annotations_of, keep_annotations, kept_annotations
from packager.image.export import write_archive, write_oci
from packager.image.stored_images import read_archive, read_oci

TEXTS = {"org.opencontainers.image.revision": "1" * 40}


def test_they_are_in_the_manifest_and_read_back(tmp_path: Path) -> None:
    images = [replace(image, annotations=TEXTS) for image in make_images(tmp_path)]
    write_oci(images, tmp_path / "oci")
    assert [image.annotations for image in read_oci(tmp_path / "oci", "oci")] == [TEXTS, TEXTS]


def test_an_archive_has_those_of_the_last_build_here(tmp_path: Path) -> None:
    image = replace(make_images(tmp_path)[0], annotations=TEXTS)
    write_archive([image], tmp_path / "a.tar")
    assert read_archive(tmp_path / "a.tar", "a")[0].annotations == {}
    keep_annotations(image)
    assert read_archive(tmp_path / "a.tar", "a")[0].annotations == TEXTS
    keep_annotations(replace(image, annotations={"a": "x"}))
    assert kept_annotations(image.digest) == {"a": "x"}


def test_a_damaged_record_is_none(tmp_path: Path) -> None:
    image = replace(make_images(tmp_path)[0], annotations=TEXTS)
    keep_annotations(image)
    (cache_directory("annotations") / image.digest[7:]).write_text("{")
    assert kept_annotations(image.digest) == {}


@pytest.mark.parametrize(
    "described", [{"annotations": []}, {"annotations": ["a"]}, {"annotations": {"a": 1}}]
)
def test_what_is_no_text_by_name_is_refused(described: object) -> None:
    if described == {"annotations": []}:
        assert annotations_of(described) == {}
        return
    with pytest.raises(ValueError, match="expected texts by name"):
        annotations_of(described)


def test_there_are_not_too_many() -> None:
    with pytest.raises(ValueError, match="at most 1000 annotations, got 1,001"):
        annotations_of({"annotations": {str(i): "" for i in range(1001)}})
