"""Columns of Arrow as those of a block."""

from __future__ import annotations

import decimal
from pathlib import Path

import pyarrow as pa
import pytest
from scored_packages import rows, scored_package

from packager.manifest.manifest import Column, Schema
from packager.manifest.read_options import DEFAULT_OPTIONS
from packager.model.row_blocks import CodedTexts, NumberColumn, ValueColumn
from packager.scoring.encode import BlockEncoder, arrow_column
from serving.scoring.typed_block import TypedChecker


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (pa.array([1.5, None, 2.0]), NumberColumn),
        (pa.array([1, None, 3], pa.int16()), NumberColumn),
        (pa.array([True, None, False]), NumberColumn),
        (pa.array(["a", None, "ü"]), CodedTexts),
        (pa.array(["a", None, "a"]).dictionary_encode(), CodedTexts),
    ],
)
def test_plain_values_stay_the_same(array: pa.Array, kind: type) -> None:
    chunks = pa.chunked_array([array.slice(0, 1), array.slice(1)])
    found = arrow_column(chunks)
    assert isinstance(found, kind)
    assert found.plain() == array.to_pylist()


def test_a_block_has_only_the_texts_that_occur() -> None:
    texts = pa.DictionaryArray.from_arrays([3, 1, None], ["a", "b", "c", "d", "e"])
    found = arrow_column(pa.chunked_array([texts]))
    assert isinstance(found, CodedTexts)
    assert (sorted(found.values), found.plain()) == (["b", "d"], ["d", "b", None])


def test_other_columns_are_the_values_of_a_request(tmp_path: Path) -> None:
    made = scored_package(tmp_path)
    price = Column(name="price", kind="decimal", dtype="object", nullable=True)
    schema = Schema(features=(price,), extras=made.manifest.schema_.features[:1])
    manifest = made.manifest.model_copy(update={"schema_": schema})
    table = pa.table({"price": [decimal.Decimal("12.30"), None], "id": [1, 2], "size": [0.5, 1.0]})
    block = BlockEncoder(manifest, DEFAULT_OPTIONS, "rows").encode(table, 40)
    assert (block.first, block.rows, list(block.columns)) == (40, 2, ["price", "size"])
    assert isinstance(block.columns["price"], ValueColumn)
    assert block.columns["price"].plain() == ["12.30", None]
    frame = table.select(["id", "size"]).to_pandas().astype(str)
    texts = BlockEncoder(manifest, DEFAULT_OPTIONS, "rows").encode(frame, 0)
    assert texts.columns["size"].plain() == [0.5, 1.0]


def test_text_as_files_are_read_is_checked_at_once(tmp_path: Path) -> None:
    made = scored_package(tmp_path)
    planned = made.planned(made.request(made.write(rows(50))))
    source, encoder = planned.scorer.source, planned.scorer.encoder
    (table,) = source.read(source.units[0], planned.scorer.columns)
    assert pa.types.is_dictionary(table.schema.field("colour").type)
    block = encoder.encode(table, 0)
    assert not [name for name, own in block.columns.items() if isinstance(own, ValueColumn)]
    checker = TypedChecker(made.manifest.schema_, strict=False)
    assert checker.check(block) is not None
