"""The requirements of Delta table features, and the operations that each one prevents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.tables.protocol import FEATURES, Protocol, unreadable, unwritable

NAMES = st.lists(st.sampled_from([*sorted(FEATURES), "notYetInvented"]), max_size=4, unique=True)


def protocol(
    reader: int = 1,
    writer: int = 2,
    named: tuple[list[str] | None, list[str] | None] = (None, None),
    properties: dict[str, str] | None = None,
    fields: tuple[dict[str, Any], ...] = (),
    partitions: tuple[str, ...] = (),
) -> Protocol:
    return Protocol.of((reader, writer), named, properties or {}, {"fields": fields}, partitions)


def column(kind: Any = "long", **more: Any) -> dict[str, Any]:
    return {"name": "x", "type": kind, "nullable": True, "metadata": {}, **more}


@given(NAMES, NAMES)
def test_replaceable_implies_appendable_and_appendable_implies_readable(one, other):
    told = protocol(3, 7, (one, [*one, *other]))
    if unwritable(told, append=False) is None:
        assert unwritable(told, append=True) is None
    if unwritable(told, append=True) is None:
        assert unreadable(told) is None


@given(NAMES)
def test_an_unknown_feature_of_readers_is_refused_by_its_name(names):
    told = protocol(3, 7, (["notYetInvented"], ["notYetInvented"]))
    assert unreadable(told) == "notYetInvented"
    assert unreadable(protocol(1, 7, (None, ["notYetInvented"]))) is None
    assert unwritable(protocol(1, 7, (None, ["notYetInvented"])), append=True) == "notYetInvented"


@pytest.mark.parametrize(
    ("reader", "writer", "found"), [(4, 2, "reader version 4"), (1, 8, "writer version 8")]
)
def test_a_version_that_is_not_defined_is_refused(reader, writer, found):
    told = protocol(reader, writer)
    assert unwritable(told, append=True) == found
    assert unreadable(told) == (found if reader == 4 else None)


@pytest.mark.parametrize(
    ("properties", "fields", "append", "found"),
    [
        ({}, (column(),), True, None),
        ({"delta.appendOnly": "true"}, (), True, None),
        ({"delta.appendOnly": "true"}, (), False, "appendOnly"),
        ({"delta.appendOnly": "false"}, (), False, None),
        ({"delta.constraints.positive": "x > 0"}, (), True, "checkConstraints"),
        ({}, (column(metadata={"delta.invariants": "{}"}),), True, "invariants"),
        ({}, (column(metadata={"delta.generationExpression": "1"}),), True, "generatedColumns"),
        ({}, (column(metadata={"comment": "fine"}),), True, None),
    ],
)
def test_a_feature_that_a_legacy_version_implies_is_refused_only_if_used(
    properties, fields, append, found
):
    assert unwritable(protocol(1, 5, properties=properties, fields=fields), append=append) == found


@pytest.mark.parametrize(
    ("mode", "reads", "writes"),
    [
        ("none", None, None),
        ("name", None, "columnMapping (mode name)"),
        ("id", "columnMapping (mode id)", "columnMapping (mode id)"),
    ],
)
def test_columns_are_mapped_by_name_or_not_read(mode, reads, writes):
    told = protocol(2, 5, properties={"delta.columnMapping.mode": mode})
    assert (unreadable(told), unwritable(told, append=True)) == (reads, writes)
    assert told.mapped == (mode != "none")


@pytest.mark.parametrize(
    "kind",
    [
        {"type": "array", "elementType": "long", "containsNull": False},
        {"type": "struct", "fields": [column(nullable=False)]},
        {"type": "map", "keyType": "string", "valueType": "long", "valueContainsNull": False},
        {
            "type": "array",
            "elementType": {"type": "struct", "fields": [column(nullable=False)]},
            "containsNull": True,
        },
    ],
)
def test_not_null_within_a_nested_column_is_read_and_never_written(kind):
    told = protocol(fields=(column(kind),))
    assert unreadable(told) is None
    assert unwritable(told, append=True) == "NOT NULL within a nested column"


def test_columns_that_hold_no_null_are_known_by_name():
    told = protocol(fields=(column(nullable=False), column(name="y")))
    assert told.required == {"x"}
    assert unwritable(told, append=True) is None


def test_metadata_is_looked_for_at_any_depth():
    inner = {"type": "struct", "fields": [column(metadata={"delta.invariants": "{}"})]}
    told = protocol(fields=(column({"type": "array", "elementType": inner, "containsNull": True}),))
    assert unwritable(told, append=True) == "invariants"


def test_partitions_by_bytes_are_not_read():
    told = protocol(fields=(column("binary"),), partitions=("x",))
    assert unreadable(told) == "partition columns of type binary"
    assert protocol(partitions=("gone",)).partitions == {"gone": "unknown"}
