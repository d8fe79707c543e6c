"""New rows as a server would read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_models import manifest_of, rows
from judged_packages import check, judge_on, sizes
from worker_projects import Project

from packager.errors import UsageError
from packager.manifest.manifest import DataSource
from packager.manifest.read_options import TableReadOptions
from packager.worker.test.new_rows import read_new_rows


@pytest.mark.slow
def test_cells_of_another_kind_are_left_out_and_named(package: Project) -> None:
    frame = sizes(2_000, 8).astype({"size": object})
    frame.loc[[5, 9], "size"] = ["wide", "tall"]
    report = judge_on(package, frame)
    cells = check(report, "schema", "cells")
    assert cells.verdict == "failed"
    assert cells.why == (
        "2 of 2,000 rows are refused, first row 5, column 'size': expected a number, got \"wide\""
    )
    assert [one["row"] for one in cells.examples] == [5, 9]
    assert (report.rows, report.judged_rows) == (2_000, 1_998)


def test_rows_in_the_usual_format_are_read_for_a_package_of_another(tmp_path: Path) -> None:
    marks = TableReadOptions(separator=";", decimal=",")
    data = DataSource.model_construct(reader=marks)
    manifest = manifest_of().model_copy(update={"data": data})
    table = rows(5).assign(price=1.5, id=range(5))
    table.to_csv(tmp_path / "usual.csv", index=False)
    table.to_csv(tmp_path / "own.csv", index=False, sep=";", decimal=",")
    usual, own = (read_new_rows(tmp_path / f"{name}.csv", manifest) for name in ("usual", "own"))
    assert usual.as_read.columns.tolist() == own.as_read.columns.tolist() == [*table.columns]
    assert usual.truth == own.truth == [1.5] * 5
    with pytest.raises(UsageError) as other:
        read_new_rows(tmp_path / "own.csv", manifest_of())
    assert other.value.hint is not None
    assert other.value.hint.startswith("write it with commas between cells and decimal points")
