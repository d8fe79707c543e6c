"""A default is a value that a request could hold, of a feature."""

from __future__ import annotations

from typing import Any

import pytest

from packager.errors import UsageError
from packager.manifest.manifest import Column
from packager.worker.train.defaults import with_defaults


def column(name: str, kind: Any, dtype: str, **more: Any) -> Column:
    return Column(name=name, kind=kind, dtype=dtype, nullable=False, **more)


COLUMNS = (
    column("age", "integer", "int64", minimum=0, maximum=90),
    column("color", "string", "object", categories=("blue", "red")),
    column("when", "datetime", "datetime64[ns]"),
    column("born", "date", "object"),
    column("price", "decimal", "object"),
    column("pixels", "array", "object", shape=(2,), element="uint8"),
)


@pytest.mark.parametrize(
    ("name", "default"),
    [("age", 40), ("age", 200), ("color", "red"), ("color", "green"), ("born", "2024-01-31"),
     ("when", "2024-01-31T10:00:00"), ("price", "12.30")],
)  # fmt: skip
def test_a_value_of_the_column_is_its_default(name: str, default: Any) -> None:
    found = with_defaults(COLUMNS, {name: default}, strict=False)
    assert {c.name: c.default for c in found if c.default is not None} == {name: default}


@pytest.mark.parametrize(
    ("name", "default", "message"),
    [
        ("age", "forty", r"age: `default`: expected an integer, got \"forty\""),
        ("age", 1.5, "expected an integer, got 1.5"),
        ("color", 3, "color: `default`: expected text, got 3"),
        ("born", "soon", "expected an ISO 8601 date"),
        ("price", 1.5, "expected a decimal number as text"),
        ("pixels", 3, "expected"),
        ("sold", True, "expected a feature with `default`, got a column that the model does not"),
    ],
)
def test_anything_else_is_refused_by_name(name: str, default: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        with_defaults(COLUMNS, {name: default}, strict=False)


@pytest.mark.parametrize(("name", "default"), [("age", 200), ("color", "green")])
def test_a_strict_package_takes_a_default_of_the_training_values(name: str, default: Any) -> None:
    with pytest.raises(UsageError, match="as the package is strict, got"):
        with_defaults(COLUMNS, {name: default}, strict=True)
