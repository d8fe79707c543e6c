"""Applying verdicts gives a derived table; removing them restores the source's rows."""

from __future__ import annotations

import pandas as pd
import pytest

from packager.data import frames
from packager.data.fingerprint import fingerprint, row_hashes
from packager.errors import PackageError, UsageError
from packager.review.apply_to_file import RECORD, CorrectedFile, apply_verdicts, source_of
from packager.review.verdicts import Verdict

TEXT = 'name,size,count\nann,1.50,1\nbob,2.0,2\nbob,2.0,2\n"c,d",-999,4\n'


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(TEXT)
    return path


def hash_of(frame, row):
    return f"{int(row_hashes(frame)[row]):016x}"


def verdict(frame, row, decision, **more):
    return Verdict(row_hash=hash_of(frame, row), verdict=decision, **more)


def test_rows_are_dropped_fixed_and_kept_once_and_other_cells_keep_their_text(source, tmp_path):
    frame = frames.read(source)
    given = [verdict(frame, 1, "dedupe"), verdict(frame, 3, "fix", column="size", value="")]
    done = apply_verdicts(source, given, tmp_path / "clean.csv")
    text = (tmp_path / "clean.csv").read_text()
    assert text == 'name,size,count\nann,1.50,1\nbob,2.0,2\n"c,d",,4\n'
    assert (done.rows, done.dropped, done.fixed, done.unused) == (3, 1, 1, ())
    assert done.parent_rows == fingerprint(frame).rows
    assert source.read_text() == TEXT


def test_without_a_verdict_the_old_rows_come_back(source, tmp_path):
    frame, clean = frames.read(source), tmp_path / "clean.csv"
    apply_verdicts(source, [verdict(frame, 0, "drop")], clean)
    assert len(frames.read(clean)) == 3
    apply_verdicts(source_of(clean), [], clean)
    assert fingerprint(frames.read(clean)).ordered == fingerprint(frame).ordered


def test_verdicts_find_their_rows_in_another_order(source, tmp_path):
    frame = frames.read(source)
    given = [verdict(frame, 0, "drop")]
    other = tmp_path / "other.csv"
    frame.iloc[::-1].to_csv(other, index=False)
    apply_verdicts(other, given, tmp_path / "clean.csv")
    assert "ann" not in frames.read(tmp_path / "clean.csv")["name"].tolist()


def test_a_verdict_on_what_a_row_was_fixed_to_counts(source, tmp_path):
    frame = frames.read(source)
    fixed = frame.assign(size=frame["size"].replace(-999.0, 3.0))
    given = [
        verdict(frame, 3, "fix", column="size", value="3"),
        verdict(fixed, 3, "fix", column="count", value="9"),
    ]
    done = apply_verdicts(source, given, tmp_path / "clean.csv")
    assert frames.read(tmp_path / "clean.csv").iloc[3].tolist() == ["c,d", 3.0, 9]
    assert done.fixed == 2


def test_parquet_keeps_its_types(source, tmp_path):
    frame = frames.read(source).assign(day=pd.Timestamp("2024-01-01"), good=True)
    frame.to_parquet(tmp_path / "rows.parquet")
    frame = frames.read(tmp_path / "rows.parquet")
    given = [
        verdict(frame, 0, "fix", column="day", value="2024-02-01"),
        verdict(frame, 1, "drop"),
        verdict(frame, 3, "fix", column="good", value="false"),
    ]
    apply_verdicts(tmp_path / "rows.parquet", given, tmp_path / "clean.parquet")
    clean = frames.read(tmp_path / "clean.parquet")
    assert clean.dtypes.tolist() == frame.dtypes.tolist()
    assert clean["day"].iloc[0] == pd.Timestamp("2024-02-01")
    assert clean["good"].tolist() == [True, False]


def test_verdicts_that_no_row_has_are_reported(source, tmp_path):
    gone = Verdict(row_hash="0" * 16, verdict="drop")
    assert apply_verdicts(source, [gone], tmp_path / "clean.csv").unused == ("0" * 16,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"column": "weight", "value": "1"}, "expected a column of the data, got 'weight'"),
        ({"column": "count", "value": "many"}, r"column 'count' \(int64\), got 'many'"),
    ],
)
def test_a_fix_that_cannot_be_leaves_nothing_behind(source, tmp_path, change, message):
    given = [verdict(frames.read(source), 0, "fix", **change)]
    with pytest.raises(UsageError, match=message):
        apply_verdicts(source, given, tmp_path / "clean.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv"]


def test_the_source_is_never_written_over(source, tmp_path):
    with pytest.raises(UsageError, match="expected another file than the source"):
        apply_verdicts(source, [], source)
    with pytest.raises(UsageError, match=r"expected a \.csv file"):
        apply_verdicts(source, [], tmp_path / "clean.parquet")


def test_a_derived_table_whose_source_is_gone_says_so(source, tmp_path):
    clean = tmp_path / "clean.csv"
    apply_verdicts(source, [], clean)
    assert CorrectedFile.load(clean.with_name(clean.name + RECORD)).parent == "rows.csv"
    source.unlink()
    with pytest.raises(PackageError, match="expected its source at"):
        source_of(clean)


def test_partitions_become_columns_of_the_corrected_file(tmp_path):
    folder = tmp_path / "set"
    pd.DataFrame({"x": [1.0, 2.0, 3.0], "c": ["red", "red", "blue"]}).to_parquet(
        folder, partition_cols=["c"]
    )
    frame = frames.read(folder)
    apply_verdicts(folder, [verdict(frame, 0, "drop")], tmp_path / "clean.parquet")
    clean = frames.read(tmp_path / "clean.parquet")
    assert clean.to_dict("list") == {"x": [1.0, 2.0], "c": ["red", "red"]}
