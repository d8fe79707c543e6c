"""Other protocols in the OpenAPI document: examples are valid, invalid requests are not."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from serving_helpers import make_manifest

from packager.manifest.manifest import Column, Schema
from serving.openapi import protocols
from serving.openapi.parts import COMPONENTS

SCHEMA = Schema(
    features=(
        Column(name="x", kind="number", dtype="float64", nullable=True),
        Column(name="kind", kind="string", dtype="str", nullable=True),
    ),
    target=Column(name="y", kind="string", dtype="str", nullable=False),
    classes=("a", "b"),
)
MANIFEST = make_manifest(SCHEMA)
ROW = {"x": 1.5, "kind": "k"}
NUMBER, TEXT = {"type": ["number", "null"]}, {"type": ["string", "null"]}
SCHEMAS = protocols.schemas(MANIFEST) | {
    "Row": {
        "type": "object",
        "properties": {"x": NUMBER, "kind": TEXT},
        "required": ["x", "kind"],
        "additionalProperties": False,
    },
    "Prediction": {"enum": ["a", "b"]},
}


def valid(name: str, value: Any) -> bool:
    document = {
        "$ref": f"#/components/schemas/{name}",
        "components": {"schemas": SCHEMAS},
    }
    return jsonschema_rs.validator_for(document).is_valid(value)


def bodies(example: dict[str, Any]) -> dict[str, Any]:
    """Path → the content of its request."""
    found = protocols.paths(MANIFEST, example)
    posts = {path: operations["post"] for path, operations in found.items() if "post" in operations}
    return {
        path: post["requestBody"]["content"]["application/json"]
        for path, post in posts.items()
        if post["requestBody"]["required"]
    }


def test_every_example_is_a_valid_request():
    for path, content in bodies(ROW).items():
        name = content["schema"]["$ref"].rsplit("/", 1)[1]
        examples = [content["example"]] if "example" in content else []
        examples += [one["value"] for one in content.get("examples", {}).values()]
        assert examples, path
        for example in examples:
            assert valid(name, example), example


def test_without_an_example_none_is_made_up():
    assert not any("example" in key for content in bodies({}).values() for key in content)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"instances": []},
        {"instances": [[1.5]]},
        {"instances": [[1.5, "k", 2]]},
        {"instances": [[1.5, "k"]], "inputs": [[1.5, "k"]]},
        {"instances": [[1.5, "k"]], "params": {}},
        {"dataframe_split": {"columns": ["x"]}},
        {"dataframe_records": [{"x": 1.5}]},
    ],
)
def test_an_invocation_that_is_refused_is_not_valid(body):
    assert not valid("Invocations", body)


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": []},
        {"inputs": [{"name": "x", "shape": [1, 1, 1], "datatype": "FP64"}]},
        {"inputs": [{"name": "x", "shape": [-1], "datatype": "FP64"}]},
        {"inputs": [{"name": "x", "shape": [1], "datatype": "FP65"}]},
        {"outputs": [{"name": "nothing"}]},
    ],
)
def test_a_v2_request_that_is_refused_is_not_valid(change):
    good = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [None]}]}
    assert valid("V2Request", good)
    assert not valid("V2Request", good | change)


def test_every_answer_and_error_refers_to_a_schema_that_is_there():
    found = protocols.paths(MANIFEST, ROW)
    known = {*SCHEMAS, *COMPONENTS}
    text = json.dumps(found)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= known
    for path, operations in found.items():
        own = protocols.error_form(path)
        others = {"V2Error", "InvocationsError", "Error"} - {own}
        for operation in operations.values():
            told = json.dumps(operation["responses"])
            assert not any(f'schemas/{other}"' in told for other in others), path


@pytest.mark.parametrize(
    ("path", "form", "health"),
    [
        ("/v2", "V2Error", False),
        ("/v2/health/live", "V2Error", True),
        ("/v2x", "Error", False),
        ("/ping", "InvocationsError", True),
        ("/invocations", "InvocationsError", False),
        ("/v2/models/health", "V2Error", False),
        ("/readyz", "Error", True),
    ],
)
def test_errors_have_the_form_of_their_protocol_and_health_stays_open(path, form, health):
    assert protocols.error_form(path) == form
    assert protocols.is_health(path) is health
