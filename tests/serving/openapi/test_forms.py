"""The forms of rows in the OpenAPI document."""

from __future__ import annotations

from serving_helpers import make_manifest

from packager.manifest.manifest import Column, Schema
from serving.openapi.forms import cell_list, dataframe_split, exactly_one, row_forms
from serving.protocols.invocations import FORMS

NUMBER = Column(name="x", kind="number", dtype="float64", nullable=True)
TEXT = Column(name="kind", kind="string", dtype="str", nullable=True)
PIXELS = Column(name="pixels", kind="array", dtype="uint8", nullable=False, shape=(2, 3))


def test_there_is_a_form_for_each_that_the_server_reads():
    assert {*row_forms(make_manifest(Schema(features=(NUMBER, TEXT))))} == {*FORMS}


def test_a_list_of_cells_is_as_long_as_there_are_features():
    forms = row_forms(make_manifest(Schema(features=(NUMBER, TEXT))))
    row, cells = forms["instances"]["items"]["anyOf"]
    assert row == {"$ref": "#/components/schemas/Row"}
    assert (cells["minItems"], cells["maxItems"]) == (2, 2)


def test_an_instance_may_be_the_value_of_the_only_array():
    manifest = make_manifest(Schema(features=(PIXELS,)))
    assert len(row_forms(manifest)["instances"]["items"]["anyOf"]) == 3
    assert "type" not in cell_list(manifest)["items"]
    assert dataframe_split(manifest)["required"] == ["columns", "data"]


def test_exactly_one_form_is_allowed():
    [one, other] = exactly_one({"a": {}, "b": {}})["oneOf"]
    assert (one["required"], other["required"]) == (["a"], ["b"])
    assert one["additionalProperties"] is False
