"""The rows that a case looks at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from case_models import data_rows, manifest_of, rows

from packager.errors import UsageError
from packager.manifest.case import Case
from packager.worker.test.cases.rows import CaseRows, rows_of

FRAME = rows(100)
MANIFEST = manifest_of()


def chosen(text: object, code: Path = Path()) -> CaseRows:
    case = Case(name="mine", kind="bounds", rows=text, expect="between 0 and 1")  # type: ignore[arg-type]
    return rows_of(case, data_rows(FRAME), MANIFEST, code)


def test_a_sample_is_the_same_each_time_and_in_the_order_of_the_data() -> None:
    found = chosen("sample:10")
    assert len(found) == 10
    assert list(found.names) == sorted(found.names)
    assert found.names == chosen("sample:10").names
    place = found.names[3]
    assert found.rows[3] == json.loads(FRAME.iloc[place].to_json())
    assert len(chosen("sample:5000")) == 100
    assert found.masks["cut=Fair"].tolist() == [row["cut"] == "Fair" for row in found.rows]


def test_rows_of_a_rule() -> None:
    found = chosen("where:carat < 1 and cut == 'Ideal'")
    assert 0 < len(found) < 60
    assert all(row["carat"] < 1 and row["cut"] == "Ideal" for row in found.rows)
    assert len(chosen("where:carat > 1000")) == 0


def test_rows_of_a_file_and_of_the_case_have_no_slices(tmp_path: Path) -> None:
    FRAME.head(4).to_csv(tmp_path / "known.csv", index=False)
    found = chosen("file:known.csv", tmp_path)
    assert [row["carat"] for row in found.rows] == FRAME["carat"].head(4).tolist()
    assert found.masks == {}
    (tmp_path / "known.jsonl").write_text('{"carat": 1.0}\n{"carat": 2.0}\n')
    assert list(chosen("file:known.jsonl", tmp_path).rows) == [{"carat": 1.0}, {"carat": 2.0}]
    assert list(chosen([{"carat": 1.0}]).rows) == [{"carat": 1.0}]


def test_a_file_without_rows_and_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"case 'mine': expected the file known.csv in the project"
    ):
        chosen("file:known.csv", tmp_path)
    (tmp_path / "known.csv").write_text("carat,count,cut,note\n")
    with pytest.raises(UsageError, match=r"known\.csv"):
        chosen("file:known.csv", tmp_path)


def test_a_package_without_data_has_only_rows_of_its_own() -> None:
    case = Case(name="mine", kind="bounds", expect="between 0 and 1")
    with pytest.raises(UsageError, match="this package was built without"):
        rows_of(case, None, MANIFEST, Path())
