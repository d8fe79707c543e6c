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


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        (["SIZE", "other"], "rename 'SIZE' to 'size'"),
        (["other"], "add it: an empty cell is a null"),
    ],
)
def test_a_table_without_a_column_of_the_model_is_refused(names: list[str], hint: str) -> None:
    known = KnownColumns("rows.csv", manifest("ignore"))
    known.require(["other", "size"])
    with pytest.raises(UsageError) as caught:
        known.require(names)
    told = "rows.csv: expected the column 'size', got none of that name"
    assert (caught.value.message, caught.value.hint) == (told, hint)


def test_a_column_with_a_default_may_be_absent() -> None:
    whole = manifest("ignore")
    column = whole.schema_.features[0].model_copy(update={"default": 1.5})
    schema = whole.schema_.model_copy(update={"features": (column,)})
    KnownColumns("rows.csv", whole.model_copy(update={"schema_": schema})).require(["other"])
