"""dfp/1: golden vectors, and the properties of its sums."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import reference_dfp1 as reference
from hypothesis import given
from hypothesis import strategies as st

from packager.data import canonical
from packager.data.fingerprint import Fingerprinter, fingerprint, row_hashes
from packager.errors import UsageError
from packager.manifest.base import FileEntry
from packager.manifest.manifest import Fingerprint

GOLDEN = json.loads((Path(__file__).parent / "golden_dfp1.json").read_text(encoding="utf-8"))


def decoded(kind, value):
    """The Python value of a tagged one."""
    if kind in ("timestamp", "timestamptz", "duration"):
        whole, rest = divmod(int(value), 10**9)
        unit, ticks = ("s", whole) if abs(int(value)) >= 2**63 and not rest else ("ns", int(value))
        if abs(ticks) >= 2**63:
            unit, ticks = "us", int(value) // 1000
        time = np.array([ticks], "int64").view(f"{'m' if kind == 'duration' else 'M'}8[{unit}]")[0]
        return pd.Timestamp(time, tz="UTC") if kind == "timestamptz" else time
    if kind == "list":
        return [decoded(*item) for item in value]
    if kind == "object":
        return {key: decoded(*item) for key, item in value.items()}
    return {
        "null": lambda _: None,
        "float": float,
        "int": int,
        "bool": bool,
        "string": str,
        "bytes": bytes.fromhex,
        "date": lambda days: date(1970, 1, 1) + timedelta(days=int(days)),
        "time": lambda ns: (pd.Timestamp(0) + pd.Timedelta(int(ns), "ns")).time(),
        "decimal": Decimal,
    }[kind](value)


def frame_of(table):
    if "range" in table:
        return pd.DataFrame({"i": range(table["range"])})
    columns = {
        name: pd.Series([decoded(*tagged) for tagged in cells], dtype=object)
        for name, cells in table["columns"].items()
    }
    return pd.DataFrame(columns)


@pytest.mark.parametrize("cell", GOLDEN["cells"], ids=lambda c: f"{c['type']}-{c['value']}"[:40])
def test_golden_cells(cell):
    value = decoded(cell["type"], cell["value"])
    bits = canonical.canonical(value)[1]
    assert f"{bits:016x}" == cell["canonical"]
    assert f"{canonical.mix(bits ^ canonical.seed('a')):016x}" == cell["hash in column a"]


@pytest.mark.parametrize("table", GOLDEN["tables"], ids=lambda table: table["name"])
def test_golden_tables(table):
    found = json.loads(fingerprint(frame_of(table)).dump())
    assert found.pop("files") == []
    if "range" in table:
        sketch = found["sketch"]
        found["sketch"] = {"length": len(sketch), "first": sketch[0], "last": sketch[-1]}
    assert found == table["fingerprint"]


def test_golden_constants():
    assert all(canonical.mix(int(x, 16)) == int(y, 16) for x, y in GOLDEN["mix"])
    assert all(canonical.xxh3(text.encode()) == int(y, 16) for text, y in GOLDEN["xxh3"])
    assert all(canonical.tag(name) == int(y, 16) for name, y in GOLDEN["tags"].items())
    assert all(canonical.seed(name) == int(y, 16) for name, y in GOLDEN["seeds"].items())


CELLS = {
    "float": st.floats(),
    "int": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "string": st.text(max_size=4),
}


@st.composite
def tables(draw):
    names = draw(st.lists(st.text(max_size=3), min_size=1, max_size=4, unique=True))
    rows = draw(st.integers(0, 6))
    columns = {}
    for name in names:
        kind = draw(st.sampled_from(sorted(CELLS)))
        cell = st.one_of(st.just(("null", None)), CELLS[kind].map(lambda v, k=kind: (k, v)))
        columns[name] = draw(st.lists(cell, min_size=rows, max_size=rows))
    return columns


def framed(columns):
    return pd.DataFrame(
        {n: pd.Series([v for _, v in cells], dtype=object) for n, cells in columns.items()}
    )


@pytest.mark.slow
@given(tables())
def test_tables_match_the_reference(columns):
    found = json.loads(fingerprint(framed(columns)).dump())
    assert found.pop("files") == []
    assert found == reference.fingerprint(columns)


@pytest.mark.slow
@given(tables(), st.integers(0, 6), st.randoms())
def test_blocks_and_orders_do_not_matter(columns, cut, random):
    frame = framed(columns)
    whole = fingerprint(frame)
    blocks = Fingerprinter()
    blocks.update(frame.iloc[:cut])
    blocks.update(frame.iloc[cut:])
    assert blocks.result() == whole
    order = random.sample(range(len(frame)), len(frame))
    mixed = fingerprint(frame.iloc[order][random.sample(list(frame), len(frame.columns))])
    assert (mixed.rows, mixed.columns, mixed.sketch) == (whole.rows, whole.columns, whole.sketch)


@pytest.fixture(scope="module")
def big():
    random = np.random.default_rng(0)
    rows = 40_000  # more than two blocks
    return pd.DataFrame(
        {
            "x": random.standard_normal(rows),
            "i": random.integers(-(2**63), 2**63 - 1, rows),
            "s": random.choice(["a", "b", "é"], rows),
        }
    )


def test_many_blocks_are_the_sum_of_their_rows(big):
    hashes = row_hashes(big).tolist()
    found = fingerprint(big)
    assert found.rows[0] == f"{sum(hashes) % 2**64:016x}"
    places = (reference.mix(h + (i + 1) * 0x9E3779B97F4A7C15) for i, h in enumerate(hashes))
    assert found.ordered == f"{sum(places) % 2**64:016x}"
    assert found.sketch == tuple(f"{h:016x}" for h in sorted(set(hashes))[:1024])
    assert row_hashes(big.iloc[20_000:]).tolist() == hashes[20_000:]


def test_last_bit_of_one_cell_is_found_and_its_column_named(big):
    changed = big.copy()
    changed.loc[12_345, "x"] = np.nextafter(changed.loc[12_345, "x"], 9)
    before, after = fingerprint(big), fingerprint(changed)
    assert before.rows != after.rows
    assert [name for name in big if before.columns[name] != after.columns[name]] == ["x"]
    assert before.schema_ == after.schema_


def test_swapping_two_rows_changes_only_the_order(big):
    order = np.arange(len(big))
    order[[3, 30_000]] = order[[30_000, 3]]
    before, after = fingerprint(big), fingerprint(big.iloc[order])
    assert before.ordered != after.ordered
    assert before.model_copy(update={"ordered": after.ordered}) == after


def test_swapping_cells_between_rows_changes_rows_but_no_column():
    before = fingerprint(pd.DataFrame({"a": [1, 2], "b": [1, 2]}))
    after = fingerprint(pd.DataFrame({"a": [1, 2], "b": [2, 1]}))
    assert before.columns == after.columns
    assert before.rows != after.rows


def test_repeated_rows_are_counted():
    assert (
        fingerprint(pd.DataFrame({"a": [1, 2, 2]})).rows
        != fingerprint(pd.DataFrame({"a": [1, 3, 3]})).rows
    )


def test_index_does_not_matter():
    frame = pd.DataFrame({"a": [1, 2]})
    assert fingerprint(frame) == fingerprint(frame.set_axis(["x", "y"]))


def test_nulls_change_the_schema_but_not_the_other_cells():
    whole = pd.DataFrame({"a": [1, 2]})
    holed = pd.DataFrame({"a": [1, None, 2]})
    assert row_hashes(holed)[[0, 2]].tolist() == row_hashes(whole).tolist()
    assert fingerprint(holed).schema_ != fingerprint(whole).schema_


def test_names_and_their_order_are_in_the_schema():
    frame = pd.DataFrame({"a": [1], "b": [2]})
    assert fingerprint(frame).schema_ != fingerprint(frame[["b", "a"]]).schema_
    assert fingerprint(frame).rows == fingerprint(frame[["b", "a"]]).rows


def test_csv_and_parquet_of_one_table_agree(tmp_path, messy):
    from packager.data.frames import read

    frame = messy.drop(columns=["when"])  # CSV has no times, only their text
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    left, right = read(tmp_path / "t.csv"), read(tmp_path / "t.parquet")
    assert fingerprint(left) == fingerprint(right)


def test_files_are_named():
    entry = FileEntry(path="a.csv", sha256="0" * 64, size=1)
    found = fingerprint(pd.DataFrame({"a": [1]}), [entry])
    assert found.files == (entry,)
    assert Fingerprint.model_validate_json(found.dump()) == found


def test_nothing_has_a_fingerprint():
    assert Fingerprinter().result() == fingerprint(pd.DataFrame())


def test_blocks_with_other_columns_are_refused():
    printer = Fingerprinter()
    printer.update(pd.DataFrame({"a": [1]}))
    with pytest.raises(UsageError, match="expected the columns a, got b"):
        printer.update(pd.DataFrame({"b": [1]}))


@pytest.mark.parametrize(
    ("columns", "message"),
    [([0, 1], "expected text as column names, got 0"), (["a", "a"], "once, got 'a' again")],
)
def test_columns_without_a_name_of_their_own_are_refused(columns, message):
    with pytest.raises(UsageError, match=message):
        fingerprint(pd.DataFrame([[1, 2]], columns=columns))


def tagged(kind, value):
    """A value of the vectors, where large integers are text, as the reference takes it."""
    if kind == "list":
        return kind, [tagged(*item) for item in value]
    if kind == "object":
        return kind, {key: tagged(*item) for key, item in value.items()}
    whole = ("int", "timestamp", "timestamptz", "duration", "date", "time")
    return kind, float(value) if kind == "float" else int(value) if kind in whole else value


@pytest.mark.parametrize("cell", GOLDEN["cells"], ids=lambda c: f"{c['type']}-{c['value']}"[:40])
def test_the_document_alone_gives_the_golden_cells(cell):
    """The reference is written from docs/fingerprint.md, without a line of the package."""
    assert f"{reference.canonical(*tagged(cell['type'], cell['value'])):016x}" == cell["canonical"]


@pytest.mark.parametrize(
    "table", [t for t in GOLDEN["tables"] if "columns" in t], ids=lambda table: table["name"]
)
def test_the_document_alone_gives_the_golden_tables(table):
    columns = {name: [tagged(*cell) for cell in cells] for name, cells in table["columns"].items()}
    assert reference.fingerprint(columns) == table["fingerprint"]
