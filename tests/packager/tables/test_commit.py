"""Versions of a table: committed, refused, reverted, without loss of data."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import duckdb
import frame_sources
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from deltalake import DeltaTable
from frame_sources import frame_source
from written_logs import numbers, rows

from packager.data.fingerprint import fingerprint
from packager.digest import sha256_file
from packager.errors import PackageError, UsageError
from packager.location import Location
from packager.report.table_log import added_text
from packager.tables.checkout import export, revert
from packager.tables.commit import commit_rows
from packager.tables.delta import VersionedTable
from packager.tables.errors import ConflictError
from packager.tables.source import open_source
from packager.tables.stream import fingerprint_path

pytestmark = pytest.mark.slow


def test_a_version_holds_the_rows_in_their_order_and_says_who_and_why(commit, place, frame):
    added = commit(frame, "first")
    assert (added.version.message, added.version.author, added.before) == ("first", "me", None)
    assert rows(place).equals(frame.astype({"c": rows(place)["c"].dtype}))
    assert added.version.fingerprint.ordered == fingerprint(frame).ordered


def test_equal_rows_make_no_version(commit, place, frame):
    commit(frame)
    again = commit(frame)
    assert again.unchanged
    assert numbers(place) == [1]
    assert added_text(again) == "unchanged: version 1 holds these 200 rows already"


def test_other_columns_are_refused_unless_accepted(commit, place, frame):
    commit(frame)
    with pytest.raises(UsageError, match="'c' is gone") as caught:
        commit(frame.drop(columns="c").assign(new=1, x="text"))
    assert "'new' is new" in caught.value.message
    assert "'x' was double and is string" in caught.value.message
    assert "--allow-schema-change" in caught.value.hint
    assert numbers(place) == [1]
    commit(frame.drop(columns="c"), change=True)
    assert list(rows(place)) == ["id", "x"]
    assert list(rows(place, 1)) == ["id", "x", "c"]


def test_whole_numbers_and_blanks_fit_the_column_that_is_there(commit, place, frame):
    commit(frame)
    commit(pd.DataFrame({"c": [None, None], "x": [1, 2], "id": [1, 2]}))
    assert rows(place)["x"].tolist() == [1.0, 2.0]
    assert list(rows(place)) == ["id", "x", "c"]


def test_appended_rows_come_after_those_that_are_there(commit, place, frame):
    commit(frame)
    added = commit(frame.assign(id=frame["id"] + 1000), append=True)
    assert rows(place)["id"].tolist() == [*range(200), *range(1000, 1200)]
    assert added.version.fingerprint.ordered == fingerprint(rows(place)).ordered
    assert added.rows.overlap.of_before.value == 1.0


def test_a_revert_of_a_revert_appends_and_keeps_every_version(commit, place, frame):
    first = commit(frame).version
    second = commit(frame.assign(x=0.5)).version
    back = revert(Location(place.uri, first.number), "", "me")
    forth = revert(Location(place.uri, second.number), "again", "me")
    assert numbers(place) == [1, 2, 3, 4]
    assert back.fingerprint == first.fingerprint
    assert (forth.fingerprint, forth.reverted_to) == (second.fingerprint, 2)
    assert rows(place, 1)["x"].tolist() == frame["x"].tolist()
    with pytest.raises(UsageError, match="the version that the table is at"):
        revert(Location(place.uri, 4), "", "me")


def test_a_revert_brings_old_columns_back(commit, place, frame):
    commit(frame)
    commit(frame[["id"]], change=True)
    revert(Location(place.uri, 1), "", "me")
    assert list(rows(place)) == ["id", "x", "c"]


def test_equal_content_exports_to_equal_bytes(commit, place, frame, tmp_path):
    commit(frame)
    commit(frame.assign(x=1.5))
    revert(Location(place.uri, 1), "", "me")
    for number in (1, 3):
        export(Location(place.uri, number), tmp_path / f"{number}.parquet")
    assert sha256_file(tmp_path / "1.parquet") == sha256_file(tmp_path / "3.parquet")
    found = fingerprint_path(tmp_path / "1.parquet")
    assert found.ordered == VersionedTable.open(place).version(1).fingerprint.ordered
    with pytest.raises(UsageError, match=r"ends in \.parquet, got '\.csv'"):
        export(place, tmp_path / "x.csv")


def test_csv_keeps_its_fingerprint(tmp_path, place):
    file = tmp_path / "t.csv"
    file.write_text("n,s,b,e,f\n1,x,True,,1\n2,,,,\n3,z,False,,2.5\n", encoding="utf-8")
    added = commit_rows(open_source(file), place, "m", "me")
    found = fingerprint_path(file)
    kept = added.version.fingerprint
    assert (kept.rows, kept.ordered, kept.files) == (found.rows, found.ordered, found.files)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.array([1, 2], pa.time64("us")), "expected a type that a Delta table has, got time64"),
        (pa.array([1, 2**64 - 1], pa.uint64()), "expected values that int64 holds"),
        (pa.array([1, 1001], pa.timestamp("ns")), "expected values that timestamp"),
    ],
)
def test_what_delta_would_lose_is_refused(tmp_path, place, values, message):
    pa.parquet.write_table(pa.table({"v": values}), tmp_path / "t.parquet")
    with pytest.raises(UsageError, match=message):
        commit_rows(open_source(tmp_path / "t.parquet"), place, "m", "me")
    assert not VersionedTable.exists(place)


def test_types_that_delta_has_not_are_kept_in_one_that_says_the_same(tmp_path, place):
    table = pa.table(
        {
            "u": pa.array([1, None, 3], pa.uint32()),
            "c": pa.array(["x", "y", None]).dictionary_encode(),
            "t": pa.array([0, 1, None], pa.timestamp("s")),
            "z": pa.array([0, 1, None], pa.timestamp("ms", "Europe/Berlin")),
            "big": pa.array([2**60 + 1, None, 1]),
            "l": pa.array([[1], None, []]),
        }
    )
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    added = commit_rows(open_source(tmp_path / "t.parquet"), place, "m", "me")
    kept = added.version.fingerprint
    assert kept.columns == fingerprint_path(tmp_path / "t.parquet").columns
    assert fingerprint(rows(place)).columns == kept.columns


def test_other_readers_see_a_delta_table(commit, place, frame):
    commit(frame)
    commit(frame.assign(x=2.0))
    dataset = DeltaTable(place.uri).to_pyarrow_dataset()  # DuckDB finds it by its name
    assert len(dataset.schema) == 3
    assert duckdb.sql("select sum(x), count(*) from dataset").fetchall() == [(400.0, 200)]


def test_two_writers_at_once_lose_nothing(commit, place, frame):
    commit(frame)
    errors = []

    def write(number):
        try:
            commit(frame.assign(x=float(number)), str(number))
        except PackageError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(1, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(v.message for v in VersionedTable.open(place).versions) == ["1", "2", "3", "m"]
    assert {rows(place, n)["x"][0] for n in numbers(place)[1:]} == {1.0, 2.0, 3.0}


def test_a_writer_that_always_comes_late_is_reported_and_leaves_nothing(
    commit, place, frame, monkeypatch
):
    commit(frame)
    late = []

    def another_is_first(self, written, schema, *rest, **options):
        late.extend(action.path for action in written)
        raise ConflictError("another writer committed a version meanwhile")

    monkeypatch.setattr(VersionedTable, "commit", another_is_first)
    with pytest.raises(ConflictError, match="another writer"):
        commit(frame.assign(x=1.5))
    assert len(late) == 5
    assert not any(os.path.exists(f"{place.uri}/{name}") for name in late)


SUPPORT = str(Path(frame_sources.__file__).parent)
WRITER = """
import os, resource, signal, sys
sys.path.append(sys.argv[3])
import pandas as pd
from packager.tables import commit as adding
from packager.location import Location
from frame_sources import frame_source
from packager.tables.delta import VersionedTable
commit = VersionedTable.commit
def killed(self, *rest, **options):
    if sys.argv[2] == "after":
        commit(self, *rest, **options)
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "full":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
else:
    VersionedTable.commit = killed
frame = pd.DataFrame({"id": range(20_000), "x": [i * 0.37 for i in range(20_000)], "c": "z"})
adding.commit_rows(frame_source(frame), Location(sys.argv[1]), "killed", "me")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="signals and limits of Linux")
@pytest.mark.parametrize(
    ("moment", "versions"), [("before", ["m"]), ("after", ["m", "killed"]), ("full", ["m"])]
)
def test_a_kill_or_a_full_disk_in_mid_commit_keeps_the_history(
    commit, place, frame, moment, versions
):
    commit(frame)
    done = subprocess.run(
        [sys.executable, "-c", WRITER, place.uri, moment, SUPPORT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if moment == "full":
        assert "PackageError" in done.stderr
        assert "File too large" in done.stderr
        assert len([n for n in os.listdir(place.uri) if n.endswith(".parquet")]) == 1
    else:
        assert done.returncode == -signal.SIGKILL
    assert [v.message for v in VersionedTable.open(place).versions] == versions
    assert rows(place, 1)["x"].tolist() == frame["x"].tolist()
    assert commit(frame.assign(x=9.0)).version.number == len(versions) + 1


def test_a_source_that_changes_while_it_is_read_is_refused(place, frame):
    source = frame_source(frame)
    reads = iter([source.tables, frame_source(frame.assign(x=0.5)).tables])
    changing = replace(source, tables=lambda: next(reads)())
    with pytest.raises(UsageError, match="it was changed while it was read"):
        commit_rows(changing, place, "m", "me")
    assert VersionedTable.open(place).versions == ()


def test_what_came_is_reported_in_a_few_lines(commit, frame):
    random = np.random.default_rng(0)
    old = pd.DataFrame({"x": random.normal(size=4000), "c": random.choice(["a", "b"], 4000)})
    commit(old)
    same = old.assign(x=random.normal(size=4000))
    assert "no significant drift" in added_text(commit(same))
    moved = old.assign(x=random.normal(0.6, size=4000)).replace({"c": {"b": "new"}})
    text = added_text(commit(moved))
    assert text.splitlines()[0] == "version 3: 4000 rows; compared with 2:"
    assert "x: PSI 0." in text
    assert "unseen    c: 'new'" in text
    assert "0.0% of the new rows existed before" in text


def test_leakage_is_reported_of_a_first_version_too(commit, frame):
    first = replace(commit(frame), leakage="1 of 40 held-out rows")
    assert added_text(first).splitlines()[1] == "  leakage   1 of 40 held-out rows"


def test_rows_to_append_have_to_fit_whatever_is_accepted(commit, place, frame):
    commit(frame)
    with pytest.raises(UsageError, match="'c' is gone") as caught:
        commit(frame.drop(columns="c"), append=True, change=True)
    assert "without --append" in caught.value.hint
