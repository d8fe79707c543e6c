"""Checks that other Delta readers read the same rows from versions of a table, for every type.

`.venv/bin/python benchmarks/table_readers.py PYTHON` writes a table with every supported type, in
two versions. PYTHON (with `pip install polars deltalake duckdb==1.5.5
duckdb-extension-delta==1.5.5`) reads it with Polars and DuckDB, and prints the rows as JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from packager.location import Location
from packager.tables.checkout import revert
from packager.tables.commit import commit_rows
from packager.tables.delta import VersionedTable
from packager.tables.source import open_source

READER = """
import json, sys
uri, version, reader = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if reader == "polars":
    import polars
    rows = polars.read_delta(uri, version=version).to_dicts()
else:
    import duckdb
    import duckdb_extension_delta, pathlib
    folder = pathlib.Path(duckdb_extension_delta.__file__).parent
    file = next(folder.rglob("delta.duckdb_extension"))
    duckdb.sql(f"load '{file}'; set timezone = 'UTC'")
    found = duckdb.sql(f"select * from delta_scan('{uri}')")
    rows = [dict(zip(found.columns, row)) for row in found.fetchall()]
print(json.dumps(rows, default=str))
"""
NOW = dt.datetime(2024, 3, 10, 2, 30, 0, 123456)
COLUMNS: dict[str, Any] = {
    "whole": pa.array([1, -(2**63), 2**63 - 1, None]),
    "short": pa.array([1, -128, 127, None], pa.int8()),
    "unsigned": pa.array([0, 1, 2**32 - 1, None], pa.uint32()),
    "number": pa.array([0.1, -0.0, 1e308, None]),
    "single": pa.array([0.5, 1.25, -3.0, None], pa.float32()),
    "text": ["", "ä\n\"'", "日本", None],
    "category": pa.array(["a", "b", "a", None]).dictionary_encode(),
    "truth": [True, False, True, None],
    "day": pa.array([dt.date(1969, 12, 31), dt.date(2024, 2, 29), dt.date(9999, 12, 31), None]),
    "moment": pa.array([NOW, NOW, NOW, None], pa.timestamp("us")),
    "zoned": pa.array([NOW, NOW, NOW, None], pa.timestamp("ms", "Europe/Berlin")),
    "money": pa.array([Decimal("1.10"), Decimal("-0.01"), Decimal("99999.99"), None]),
    "list": [[1, 2], [], [None], None],
    "struct": pa.array([{"a": 1}, {"a": None}, {"a": 3}, None]),
}


def read_with(python: str, place: Location, number: int, reader: str) -> list[dict[str, Any]] | str:
    """The rows that a reader returns, or its error."""
    words = [python, "-c", READER, place.uri, str(number), reader]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def read_here(place: Location, number: int) -> list[dict[str, Any]]:
    rows = pa.concat_tables(list(VersionedTable.open(place).tables(number))).to_pylist()
    found: list[dict[str, Any]] = json.loads(json.dumps(rows, default=str))
    return found


def main(python: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Location(f"{name}/t")
        table = pa.table(COLUMNS)
        for rows in (table, table.slice(0, 2)):
            parquet.write_table(rows, f"{name}/t.parquet")
            commit_rows(open_source(Path(f"{name}/t.parquet")), place, "m", "me")
        revert(Location(place.uri, 1), "", "me")
        for reader, number in [("polars", 1), ("polars", 2), ("polars", 3), ("duckdb", 3)]:
            wanted, found = read_here(place, number), read_with(python, place, number, reader)
            if isinstance(found, str):
                print(f"{reader}, version {number}: {found}")
                continue
            other = [n for n in COLUMNS if [r.get(n) for r in found] != [r[n] for r in wanted]]
            print(
                f"{reader}, version {number}: {len(found)} of {len(wanted)} rows, "
                f"{len(COLUMNS) - len(other)} of {len(COLUMNS)} columns equal"
            )
            for column in other:
                print(f"  {column}: {[r.get(column) for r in found]}", end="")
                print(f" for {[r[column] for r in wanted]}")


if __name__ == "__main__":
    main(sys.argv[1])
