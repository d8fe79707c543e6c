"""The record of one build: who, where and when, which is in no layer."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

from host_samples import MANIFEST
from image_samples import make_images

from packager.build.record import BuildRecord, Built, write_record


def test_a_record_has_both_images_and_the_layers_of_the_companion(tmp_path: Path):
    images = make_images(tmp_path)
    began = time.time() - 5
    record = BuildRecord.of(Built(MANIFEST, images, {"where": "process"}, None), tmp_path, began)
    assert record.config_digests == tuple(image.digest for image in images)
    assert [layer.diff_id for layer in record.layers] == [x.diff_id for x in images[-1].layers]
    assert record.tag == images[0].name
    assert record.isolation == {"where": "process"}
    assert 5 <= record.seconds < 60
    assert abs(datetime.fromisoformat(record.started).timestamp() - began) <= 1


def test_a_folder_that_is_no_repository_has_no_git_state(tmp_path: Path):
    record = BuildRecord.of(Built(MANIFEST, make_images(tmp_path), {}, None), tmp_path, time.time())
    assert record.git is None


def test_a_record_is_written_for_people_and_read_back(tmp_path: Path):
    record = BuildRecord.of(Built(MANIFEST, make_images(tmp_path), {}, None), tmp_path, time.time())
    path = tmp_path / "package.build.json"
    write_record(record, path)
    assert BuildRecord.model_validate(json.loads(path.read_text())) == record
    assert path.read_text().endswith("}\n")
    assert path.read_text().count("\n") > 10
