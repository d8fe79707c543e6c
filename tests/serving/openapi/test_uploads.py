"""The document names the uploads that a package takes, and no others."""

from __future__ import annotations

from typing import Any

from jsonschema_rs import meta
from serving_helpers import make_manifest
from upload_samples import FEATURES, IMAGE, ROW

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Schema
from serving.openapi.document import document

BACK = IMAGE.model_copy(update={"name": "back"})
GOLDEN = Golden(rows=(ROW,), expected=())


def operation(*features: Column) -> dict[str, Any]:
    manifest = make_manifest(Schema(features=features, classes=("cat", "dog")))
    found: dict[str, Any] = document(manifest, GOLDEN)["paths"]["/predict"]["post"]
    return found


def test_a_package_with_one_column_of_bytes_takes_forms_and_files() -> None:
    described = operation(*FEATURES)
    content = described["requestBody"]["content"]
    assert list(content) == [
        *("application/json", "multipart/form-data", "application/octet-stream", "image/*"),
    ]
    form = content["multipart/form-data"]["schema"]
    meta.validate(form)
    assert form["properties"]["image"]["contentMediaType"] == "application/octet-stream"
    assert form["properties"]["age"]["type"] == ["number", "null"]
    assert set(form["required"]) == {column.name for column in FEATURES}
    assert content["multipart/form-data"]["encoding"] == {
        "box": {"contentType": "application/json"}
    }
    assert [(one["in"], one["name"]) for one in described["parameters"]] == [
        ("query", column.name) for column in FEATURES if column.name != "image"
    ]
    assert "415" in described["responses"]


def test_a_package_with_two_takes_forms_alone() -> None:
    described = operation(IMAGE, BACK)
    assert list(described["requestBody"]["content"]) == ["application/json", "multipart/form-data"]
    assert "parameters" not in described


def test_a_package_without_one_takes_json_alone() -> None:
    assert list(operation(FEATURES[1])["requestBody"]["content"]) == ["application/json"]
