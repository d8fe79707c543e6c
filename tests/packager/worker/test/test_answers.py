"""Rows that the model refuses."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from in_process import hosted
from judged_packages import check, judge_on, sizes
from worker_projects import Project

from packager.errors import PackageError
from packager.manifest.manifest import Column
from packager.model.hosted import SolutionMemberError
from packager.model.predictions import Predictions
from packager.worker.test.answers import predict_rows
from tests.support.solution_samples import FLOW, loaded_solution


@pytest.mark.slow
def test_rows_on_which_the_model_raises_are_left_out_and_named(package: Project) -> None:
    frame = sizes(1_000, 10)
    frame.loc[17, "color"] = "fatal"
    report = judge_on(package, frame)
    found = check(report, "schema", "answers")
    assert found.verdict == "failed"
    assert "no such color" in found.why
    assert found.examples[0]["row"] == 17
    assert (report.rows, report.judged_rows) == (1_000, 999)


class _Raising:
    """A model that quotes the cell that it can't read."""

    def untraced(self) -> _Raising:
        return self

    def predict(self, features: pd.DataFrame) -> Predictions:
        bad = [name for name in features["name"] if name != "known"]
        if bad:
            raise PackageError(f"the model raised ValueError: no such name: {bad[0]!r}")
        return Predictions([1.0] * len(features), None)


def test_the_reason_quotes_no_personal_data() -> None:
    frame = pd.DataFrame({"name": ["known", "Ann", "known"]})
    name = Column(
        name="name", kind="string", dtype="str", nullable=False, personal="names of people"
    )
    found = predict_rows(_Raising(), frame, [name])  # type: ignore[arg-type]
    assert [one.row for one in found.refused] == [1]
    assert "Ann" not in found.refused[0].why
    plain = predict_rows(_Raising(), frame, [name.model_copy(update={"personal": None})])  # type: ignore[arg-type]
    assert plain.refused[0].why.endswith("no such name: 'Ann'")


def test_a_member_that_ends_is_no_refused_row(tmp_path: Path) -> None:
    x = Column(name="x", kind="number", dtype="float64", nullable=False)
    with loaded_solution(tmp_path, FLOW) as solution:
        asked = hosted(solution)
        found = predict_rows(asked, pd.DataFrame({"x": [1.0, 777.0, 3.0]}), [x])
        assert [one.row for one in found.refused] == [1]
        with pytest.raises(SolutionMemberError, match=r"^member 'double' ended with signal"):
            predict_rows(asked, pd.DataFrame({"x": [1.0, 666.0, 3.0]}), [x])
