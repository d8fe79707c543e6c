"""KServe's V1 in the OpenAPI document."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from serving_helpers import make_manifest

from packager.manifest.manifest import Column, Schema
from serving.openapi import protocols
from serving.openapi.v1 import v1_paths
from serving.protocols.registry import protocol_adapters
from serving.protocols.v1 import V1Predict, v1_documents

NUMBER = Column(name="x", kind="number", dtype="float64", nullable=True)
MANIFEST = make_manifest(Schema(features=(NUMBER,)))
ROW = {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}
SCHEMAS = {**protocols.schemas(MANIFEST), "Row": ROW, "Prediction": {}}


def valid(body: Any) -> bool:
    document = {"$ref": "#/components/schemas/V1Request", "components": {"schemas": SCHEMAS}}
    return jsonschema_rs.validator_for(document).is_valid(body)


def test_every_route_of_the_server_is_there():
    described = v1_paths(MANIFEST, {"x": 1.5})
    routes = protocol_adapters(MANIFEST).items()
    posted = {path for path, adapter in routes if isinstance(adapter, V1Predict)}
    assert {*described} == {*v1_documents(MANIFEST), *posted}


def test_the_example_is_valid_and_absent_if_there_is_none():
    [predict] = [one["post"] for one in v1_paths(MANIFEST, {"x": 1.5}).values() if "post" in one]
    assert valid(predict["requestBody"]["content"]["application/json"]["example"])
    [plain] = [one["post"] for one in v1_paths(MANIFEST, {}).values() if "post" in one]
    assert "example" not in plain["requestBody"]["content"]["application/json"]


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        ({"instances": [{"x": 1}]}, True),
        ({"inputs": {"x": [1]}, "signature_name": "serving_default"}, True),
        ({"instances": []}, False),
        ({"dataframe_records": [{"x": 1}]}, False),
        ({"instances": [{"x": 1}], "inputs": [{"x": 1}]}, False),
        ({"instances": [{"x": 1}], "other": 1}, False),
    ],
)
def test_bodies_that_the_server_takes_are_valid_and_others_not(body: Any, taken: bool):
    assert valid(body) is taken
