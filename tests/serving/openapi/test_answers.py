"""The schema of an answer admits exactly the answers of its outputs' kinds."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta
from serving_helpers import make_manifest

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Manifest, Schema
from packager.manifest.outputs import Output
from serving.openapi import document as openapi
from serving.openapi.answers import prediction, probabilities

X = Column(name="x", kind="number", dtype="float64", nullable=True)


def answering(*outputs: Output) -> Manifest:
    return make_manifest(Schema(features=(X,), outputs=outputs), task="outputs")


@pytest.mark.parametrize(
    ("output", "good", "bad"),
    [
        ({"kind": "label", "classes": ("a", 1)}, ("a", 1, None), ("b", [], {})),
        ({"kind": "number"}, (1.5, 2, None), ("1", [], True)),
        ({"kind": "score"}, (0.5, None), ("a",)),
        ({"kind": "labels", "classes": ("a", "b")}, ([], ["a", "b"]), (["c"], None, "a")),
        ({"kind": "labels"}, ([], ["a", 1, None]), ([[]], None)),
        (
            {"kind": "quantiles", "levels": (0.1, 0.9)},
            ({"0.1": 1, "0.9": 2.5}, {"0.1": None, "0.9": 1}),
            ({"0.1": 1}, {"0.1": 1, "0.9": 2, "0.5": 3}, [1, 2], None),
        ),
        (
            {"kind": "quantiles", "levels": (0.1,), "shape": (2,)},
            ({"0.1": [1, None]},),
            ({"0.1": 1}, {"0.1": [1]}),
        ),
        ({"kind": "numbers", "shape": (2,)}, ([1, 2], [None, 1.5]), ([1], [1, 2, 3], [[1], [2]])),
        ({"kind": "array", "shape": (1, 2)}, ([[1, 2]],), ([1, 2], [[1]], [[1, "a"]])),
        ({"kind": "array"}, ([[1, 2]], [1]), (1, None)),
        ({"kind": "text"}, ("", "a", None), (1, ["a"])),
        ({"kind": "json"}, (None, 1, {"a": [1]}), ()),
    ],
)
def test_answers_of_each_kind(output: dict[str, Any], good: Any, bad: Any) -> None:
    one = Output(name="y", **output)
    alone = Draft202012Validator(prediction(answering(one)))
    several = Draft202012Validator(prediction(answering(one, Output(name="n", kind="number"))))
    for value in good:
        assert alone.is_valid(value), value
        assert several.is_valid({"y": value, "n": 1.0}), value
    for value in bad:
        assert not alone.is_valid(value), value
        assert not several.is_valid({"y": value, "n": 1.0}), value
    assert not several.is_valid({"n": 1.0})


def test_labels_are_classes_or_numbers() -> None:
    labelled = make_manifest(Schema(features=(X,), classes=("yes", "no")))
    assert prediction(labelled)["enum"] == ["yes", "no", None]
    number = make_manifest(Schema(features=(X,)), task="regression")
    assert prediction(number)["type"] == ["number", "null"]
    flagged = make_manifest(Schema(features=(X,), classes=(0, True)))
    found = probabilities(flagged, None)
    assert found is not None
    assert found["required"] == ["0", "true"]


def test_probabilities_are_described_for_the_outputs_that_give_them() -> None:
    outputs = (
        Output(name="y", kind="label", classes=("a", "b")),
        Output(name="z", kind="labels", classes=(1, 2)),
        Output(name="n", kind="number"),
    )
    found = probabilities(answering(*outputs), None)
    assert found is not None
    assert found["required"] == ["y", "z"]
    golden = Golden(rows=({},), expected=({"prediction": {}, "probabilities": {"y": {}}},))
    found = probabilities(answering(*outputs), golden)
    assert found is not None
    assert found["required"] == ["y"]
    assert probabilities(answering(outputs[2]), None) is None
    alone = probabilities(answering(outputs[1]), None)
    assert alone is not None
    assert alone["required"] == ["1", "2"]


def test_the_document_of_several_outputs_is_valid_and_names_their_tensors() -> None:
    manifest = answering(
        Output(name="y", kind="label", classes=("a", "b")), Output(name="n", kind="number")
    )
    schemas = openapi.document(manifest, None)["components"]["schemas"]
    for schema in schemas.values():
        meta.validate(schema)
    asked = schemas["V2Request"]["properties"]["outputs"]["items"]["properties"]["name"]
    assert asked["enum"] == ["y", "n", "y.probabilities", "flags", "token"]
