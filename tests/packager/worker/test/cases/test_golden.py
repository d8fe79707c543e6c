"""Golden cases: rows from package.toml and from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_models import PRICES, CaseBench, Prices, outputs_schema, price_of, rows

from packager.errors import UsageError
from packager.manifest.case import Case
from packager.manifest.outputs import Output
from packager.manifest.read_options import TableReadOptions
from packager.worker.test.cases.golden import read_golden

FILE = Case(name="known", kind="golden", rows="file:known.csv")
READER = TableReadOptions()


def test_right_answers_come_from_the_column_of_the_target(tmp_path: Path) -> None:
    known = rows(5).assign(price=lambda frame: price_of(frame), id="x")
    known.to_csv(tmp_path / "known.csv", index=False)
    golden = read_golden(FILE, "regression", PRICES, READER, tmp_path)
    assert list(golden.right) == known["price"].tolist()
    assert [row["carat"] for row in golden.rows] == known["carat"].tolist()


def test_answers_of_outputs_are_json_in_a_cell(tmp_path: Path) -> None:
    schema = outputs_schema(Output(name="tags", kind="labels"), Output(name="cost", kind="number"))
    known = rows(2).assign(tags=['["big"]', "[]"], cost=[1.5, None])
    known.to_csv(tmp_path / "known.csv", index=False)
    golden = read_golden(FILE, "outputs", schema, READER, tmp_path)
    assert golden.right == ({"tags": ["big"], "cost": 1.5}, {"tags": []})


def test_a_file_without_answers_is_refused(tmp_path: Path) -> None:
    rows(5).to_csv(tmp_path / "known.csv", index=False)
    with pytest.raises(UsageError, match="case 'known': row 0: expected its right answer under"):
        read_golden(FILE, "regression", PRICES, READER, tmp_path)


def test_the_tolerance_and_the_share_count(bench: CaseBench) -> None:
    known = rows(20).assign(price=lambda frame: price_of(frame))
    known.loc[0, "price"] += 3
    known.to_csv(bench.root.code / "known.csv", index=False)
    (check,) = bench.judge(Prices(), FILE)
    assert check.verdict == "failed"
    assert check.why.startswith(
        "case 'known' holds on 19 of 20 rows (95 %, expected every row); worst row 0: expected "
    )
    (check,) = bench.judge(Prices(), FILE.model_copy(update={"tolerance": 5.0}))
    assert check.verdict == "passed"
    (check,) = bench.judge(Prices(), FILE.model_copy(update={"share": 0.9}))
    assert check.verdict == "passed"
