from __future__ import annotations

from typing import Any

import pytest
from host_samples import MANIFEST

from packager.deploy.mlflow.signature import inputs, outputs
from packager.errors import UsageError
from packager.manifest.base import Kind, Scalar
from packager.manifest.manifest import Column, Manifest, Schema


def manifest(*columns: Column, classes: tuple[Scalar, ...] | None = None) -> Manifest:
    schema = Schema(features=columns, classes=classes)
    return MANIFEST.model_copy(update={"schema_": schema})


def column(kind: Kind, dtype: str, **more: Any) -> Column:
    return Column(name="x", kind=kind, dtype=dtype, nullable=more.pop("nullable", False), **more)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (column("number", "float64"), "double"),
        (column("number", "float32"), "float"),
        (column("integer", "int64"), "long"),
        (column("integer", "int32"), "integer"),
        (column("integer", "float64", nullable=True), "double"),
        (column("boolean", "bool"), "boolean"),
        (column("boolean", "object", nullable=True), "any"),
        (column("string", "str", nullable=True), "string"),
        (column("string", "category"), "string"),
        (column("datetime", "datetime64[us]"), "datetime"),
        (column("any", "any", nullable=True), "any"),
    ],
)
def test_the_type_of_each_kind(found: Column, wanted: str) -> None:
    assert inputs(manifest(found)) == [{"type": wanted, "name": "x", "required": True}]


def test_a_default_makes_a_column_optional() -> None:
    assert not inputs(manifest(column("number", "float64", default=1.0)))[0]["required"]


def test_a_package_without_data_has_the_types_that_its_model_came_with() -> None:
    assert inputs(manifest(column("any", "any", nullable=True)), {"x": "long"})[0]["type"] == "long"


@pytest.mark.parametrize("kind", ["array", "list", "bytes", "date", "time", "decimal"])
def test_values_that_no_table_of_mlflow_has_are_refused(kind: Kind) -> None:
    with pytest.raises(UsageError, match=f"got 'x' of kind {kind}"):
        inputs(manifest(column(kind, "object")))


@pytest.mark.parametrize(
    ("classes", "wanted"),
    [
        (None, "double"),
        (("no", "yes"), "string"),
        ((0, 1), "long"),
        ((False, True), "boolean"),
        ((0.5, 1.5), "double"),
        ((0, "yes"), "any"),
    ],
)
def test_the_type_of_the_answers(classes: tuple[Scalar, ...] | None, wanted: str) -> None:
    assert outputs(manifest(classes=classes)) == [{"type": wanted}]
