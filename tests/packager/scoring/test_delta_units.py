"""Delta tables in and out: versions, deleted rows, one commit however often it is tried."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake
from scored_packages import ScoredPackage, answers, contents, rows, run, scored_package

from packager.errors import UsageError
from packager.scoring.plan import SUCCESS

pytestmark = pytest.mark.slow

TABLE = rows(300)


@pytest.fixture
def made(tmp_path: Path) -> ScoredPackage:
    return scored_package(tmp_path)


def test_a_version_is_scored_in_the_order_of_its_rows(made: ScoredPackage) -> None:
    place = str(made.folder / "table")
    write_deltalake(place, TABLE.slice(0, 200))
    write_deltalake(place, TABLE.slice(200), mode="append")
    run(made, made.request(f"{place}@0", "old", keep=("id",)))
    run(made, made.request(place, "new", keep=("id",)))
    run(made, made.request(made.write(TABLE), "plain", keep=("id",)))
    whole = answers(made.folder / "plain")
    assert answers(made.folder / "new").equals(whole)
    assert answers(made.folder / "old").equals(whole.slice(0, 200))


def test_answers_are_one_commit(made: ScoredPackage) -> None:
    data = made.write(TABLE)
    asked = made.request(data, "scores", form="delta", keep=("id",))
    for number in (1, 2):
        shard = made.request(data, "scores", form="delta", keep=("id",), shard=(number, 2))
        run(made, shard)
    table = DeltaTable(str(asked.output))
    assert table.version() == 0
    found = pa.table(table.to_pyarrow_table()).sort_by("id")
    run(made, made.request(data, "plain", keep=("id",)))
    assert found.equals(answers(made.folder / "plain"))
    before = contents(asked.output)
    (state,) = (asked.output / "_scores").iterdir()
    (state / SUCCESS).unlink()  # as if it had been killed after the commit
    run(made, made.request(data, "scores", form="delta", keep=("id",), resume=True))
    assert DeltaTable(str(asked.output)).version() == 0
    assert contents(asked.output) == before
    with pytest.raises(UsageError, match="expected no such output"):
        run(made, asked)


def test_other_data_is_added_and_other_columns_are_refused(made: ScoredPackage) -> None:
    first, second = made.write(TABLE, "a.parquet"), made.write(rows(50, 5), "b.parquet")
    for data in (first, second):
        run(made, made.request(data, "scores", form="delta"))
    table = DeltaTable(str(made.folder / "scores"))
    assert (table.version(), table.to_pyarrow_table().num_rows) == (1, 350)
    with pytest.raises(UsageError, match="expected a table with the columns id"):
        run(made, made.request(first, "scores", form="delta", keep=("id",)))


def test_deleted_rows_are_not_scored(made: ScoredPackage) -> None:
    place = str(made.folder / "table")
    write_deltalake(place, TABLE)
    DeltaTable(place).delete("id >= 100 AND id < 150")
    asked = made.request(place, keep=("id",))
    assert run(made, asked).rows == 250
    ids = answers(asked.output)["id"]
    assert not pc.any(pc.and_(pc.greater_equal(ids, 100), pc.less(ids, 150))).as_py()
