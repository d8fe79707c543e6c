"""Columns of requests that the model does not use."""

from __future__ import annotations

import pytest
from serving_helpers import make_manifest

from packager.data.rows.extra_columns import ExtraColumns
from packager.manifest.manifest import Column, Schema, Serve
from packager.manifest.outputs import Output

TARGET = Column(name="price", kind="number", dtype="float64", nullable=False)


@pytest.mark.parametrize("extra_columns", ["ignore", "refuse"])
def test_the_training_datas_own_columns_are_passed_over(extra_columns):
    serve = Serve(
        predictor="auto", compile="off", workers=1, strict=False, extra_columns=extra_columns
    )
    schema = Schema(features=(), unused=("id", "note"), target=TARGET)
    found = ExtraColumns.of(make_manifest(schema, serve=serve))
    assert found == ExtraColumns(extra_columns == "refuse", frozenset({"id", "note", "price"}))


def test_a_package_without_a_target_passes_over_what_it_leaves_out():
    assert ExtraColumns.of(make_manifest(Schema(features=(), unused=("id",)))).passed_over == {"id"}


def test_the_targets_of_several_outputs_are_passed_over():
    outputs = (
        Output(name="cost", kind="number", target=("price",)),
        Output(name="tags", kind="labels", target=("new", "red")),
    )
    manifest = make_manifest(Schema(features=(), outputs=outputs), task="outputs")
    assert ExtraColumns.of(manifest).passed_over == {"price", "new", "red"}
