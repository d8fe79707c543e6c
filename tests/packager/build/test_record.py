"""The record of one build: who, where and when, which is in no layer."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

from host_samples import MANIFEST
from image_samples import make_images

from packager.build.image_annotations import NO_MARKS, ImageAnnotations
from packager.build.record import BuildRecord, BuildResult, write_record
from packager.project.git import GitState


def test_a_record_has_both_images_and_the_layers_of_the_companion(tmp_path: Path):
    images = make_images(tmp_path)
    began = time.time() - 5
    built = BuildResult(MANIFEST, images, {"where": "process"}, None)
    record = BuildRecord.of(built, NO_MARKS, began)
    assert record.config_digests == tuple(image.digest for image in images)
    assert [layer.diff_id for layer in record.layers] == [x.diff_id for x in images[-1].layers]
    assert record.tag == images[0].name
    assert record.isolation == {"where": "process"}
    assert 5 <= record.seconds < 60
    assert abs(datetime.fromisoformat(record.started).timestamp() - began) <= 1


def test_a_record_has_the_commit_and_the_labels(tmp_path: Path):
    git = GitState(commit="1" * 40, dirty=True, ref="refs/heads/main", source="https://a.test/b")
    marks = ImageAnnotations({"com.example.team": "risk"}, git)
    built = BuildResult(MANIFEST, make_images(tmp_path), {}, None)
    record = BuildRecord.of(built, marks, time.time())
    assert (record.git, record.labels) == (git, {"com.example.team": "risk"})
    assert BuildRecord.of(built, NO_MARKS, time.time()).git is None


def test_a_record_is_written_for_people_and_read_back(tmp_path: Path):
    record = BuildRecord.of(
        BuildResult(MANIFEST, make_images(tmp_path), {}, None), NO_MARKS, time.time()
    )
    path = tmp_path / "package.build.json"
    write_record(record, path)
    assert BuildRecord.model_validate(json.loads(path.read_text())) == record
    assert path.read_text().endswith("}\n")
    assert path.read_text().count("\n") > 10
