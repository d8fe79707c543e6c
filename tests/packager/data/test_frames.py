"""Files are read into frames, then converted to columns and rows."""

import numpy as np
import pandas as pd
import pytest

from packager.data.frames import infer_columns, read
from packager.data.sources.listing import source_files
from packager.data.sources.table import column_names
from packager.errors import UsageError
from packager.manifest.manifest import Column


def column(frame, name):
    return infer_columns(frame[[name]])[0]


def test_folder_is_read_in_the_order_of_its_paths(tmp_path):
    for name in ("b/1.csv", "a.csv", "b/0.csv", "_SUCCESS", ".hidden.csv", "_old/x.csv"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"x\n{name}\n")
    found = source_files(tmp_path)
    files = found.table
    assert found.format == "csv"
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        *("a.csv", "b/0.csv", "b/1.csv")
    ]
    assert read(tmp_path).x.tolist() == ["a.csv", "b/0.csv", "b/1.csv"]
    assert column_names(tmp_path) == ["x"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "expected .csv or .parquet files, got an empty folder"),
        (["a.csv", "b.parquet"], "expected files of one format, got a.csv and b.parquet"),
        (["a.csv", "readme.md"], "expected a .csv, .parquet, .npy or .npz file, got '.md'"),
        (["year=2024/a.csv"], "expected plain folders, got the partition 'year=2024'"),
    ],
)
def test_folders_that_are_not_one_table_are_refused(tmp_path, names, message):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n1\n")
    with pytest.raises(UsageError, match=message):
        source_files(tmp_path)


def test_absent_source_is_refused(tmp_path):
    with pytest.raises(UsageError, match="expected a file or a folder, found nothing"):
        read(tmp_path / "x.csv")


def test_files_with_other_columns_are_refused(tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("b,a\n1,2\n")
    with pytest.raises(UsageError, match=r"2.csv: expected the columns of 1.csv .*got b, a"):
        read(tmp_path)


def test_kinds_of_columns(tmp_path, messy):
    messy.drop(columns="when").to_csv(tmp_path / "t.csv", index=False)
    found = {c.name: c for c in infer_columns(read(tmp_path / "t.csv"))}
    assert {name: c.kind for name, c in found.items()} == {
        "house size": "number",
        "year-built": "number",
        "größe": "integer",
        "has garden": "boolean",
        "sold": "boolean",
        "zip": "string",
        "town": "string",
    }
    assert found["has garden"] == Column(
        name="has garden", kind="boolean", dtype="object", nullable=True, categories=(False, True)
    )
    assert found["größe"] == Column(
        name="größe", kind="integer", dtype="int64", nullable=False, minimum=1, maximum=4
    )
    assert found["zip"].categories == ("x007", "x0815", "x1234")
    assert (found["house size"].minimum, found["house size"].maximum) == (33.25, 120.0)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_ranges_of_times_are_nanoseconds_in_utc(unit, zone):
    times = pd.Series(np.array([1000, 2000], "int64").view("M8[s]").astype(f"M8[{unit}]"))
    if zone:
        times = times.dt.tz_localize("UTC").dt.tz_convert(zone)
    found = column(times.to_frame("t"), "t")
    assert (found.kind, found.minimum, found.maximum) == ("datetime", 1000e9, 2000e9)
    assert found.dtype == f"datetime64[{unit}{', ' + zone if zone else ''}]"


def test_text_of_many_values_has_no_categories():
    frame = pd.DataFrame({"s": [str(i) for i in range(10_001)]})
    assert column(frame, "s").categories is None
    twice = pd.concat([frame.iloc[1:]] * 2)
    assert len(column(twice, "s").categories) == 10_000


def test_text_that_hardly_repeats_has_no_categories_unless_it_has_few():
    texts = [f"note {i}" for i in range(60)]
    assert column(pd.DataFrame({"s": [*texts, *texts[1:]]}), "s").categories is None
    assert len(column(pd.DataFrame({"s": texts * 2}), "s").categories) == 60
    assert len(column(pd.DataFrame({"s": texts[:50]}), "s").categories) == 50


def test_categories_keep_their_order():
    sizes = pd.Categorical(["L", "S"], ["S", "M", "L"], ordered=True)
    found = column(pd.DataFrame({"size": sizes}), "size")
    assert (found.kind, found.dtype) == ("string", "ordered category")
    assert found.categories == ("S", "M", "L")


def test_infinity_does_not_widen_the_range():
    found = column(pd.DataFrame({"x": [1.0, np.inf, 2.0]}), "x")
    assert (found.minimum, found.maximum) == (1.0, 2.0)
    found.dump()


@pytest.mark.parametrize("values", [[1, "a"], [None, None], [{"a": 1}], [[1], "x"], [True, "x"]])
def test_anything_else_is_any(values):
    assert column(pd.DataFrame({"x": pd.Series(values, dtype=object)}), "x").kind == "any"
