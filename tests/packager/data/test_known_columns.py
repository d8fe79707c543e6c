"""Columns that a package does not know are named, or refused."""

from __future__ import annotations

import pytest
from host_samples import MANIFEST

from packager.data.known_columns import KnownColumns
from packager.errors import UsageError
from packager.manifest.manifest import Column, Manifest, Schema


def manifest(extra: str) -> Manifest:
    column = Column(name="size", kind="number", dtype="float64", nullable=True)
    serve = MANIFEST.serve.model_copy(update={"extra_columns": extra})
    return MANIFEST.model_copy(update={"schema_": Schema(features=(column,)), "serve": serve})


def test_a_few_unknown_columns_are_named() -> None:
    known = KnownColumns("rows.csv", manifest("ignore"))
    known.add(["size"])
    assert known.warning() is None
    known.add("gfedcba")
    told = known.warning()
    assert told == (
        "rows.csv: columns that the model does not know: 'a', 'b', 'c', 'd', 'e' and 2 more: "
        "ignored"
    )


def test_a_package_may_refuse_them() -> None:
    with pytest.raises(UsageError, match=r"^rows.csv: expected only columns .*, got 'other'"):
        KnownColumns("rows.csv", manifest("refuse")).add(["size", "other"])
