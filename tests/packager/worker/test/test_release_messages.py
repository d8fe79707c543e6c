"""Questions and answers of two releases, as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from modelhost.columns import ColumnSpec
from modelhost.predictions import Predictions
from modelhost.solution.member_input import encoded_columns
from modelhost.solution.spec import MemberSpec
from packager.errors import PackageError
from packager.worker.test.hosted_study import OtherAnswers, Question, StudiedMember
from packager.worker.test.release_messages import ReleaseJob, ReleaseResult, StudiedData

SPEC = MemberSpec(
    *("price", "own", 0.5, "null", "value", "classification", "auto", "joblib", "frame"),
    *(("a", "b"), (), (ColumnSpec("x", "number", "float64"),), {"x": 1}),
)
MEMBER = StudiedMember(SPEC, ("a", "b"), has_probabilities=True)
COLUMNS = encoded_columns([np.arange(20.0)], SPEC.features, 20)
QUESTION = Question("price", "d1", 20, COLUMNS.described, [bytes(one) for one in COLUMNS.buffers])
FOUND = Predictions(["a"] * 20, np.full((20, 2), 0.5))


def test_a_job_survives_its_file(tmp_path: Path) -> None:
    job = ReleaseJob(
        "rows.csv", "here/rows.csv", [QUESTION], [OtherAnswers(MEMBER, {"d2": FOUND})], [("price",)]
    )
    (tmp_path / "job").write_bytes(job.dump())
    read = ReleaseJob.load(tmp_path / "job")
    assert (read.source, read.shown, read.runs) == (job.source, job.shown, job.runs)
    assert read.questions == [QUESTION]
    assert read.others[0].member == MEMBER
    assert read.others[0].answers["d2"].labels == FOUND.labels
    np.testing.assert_array_equal(
        np.asarray(read.others[0].answers["d2"].probabilities), np.asarray(FOUND.probabilities)
    )


def test_a_result_survives_its_file(tmp_path: Path) -> None:
    rows = StudiedData([3, 4], [1.5, None], None, {"old": [1]})
    plain = Predictions([1.0, None], None)
    result = ReleaseResult(
        rows, [MEMBER], {"price": ([0], [0.25])}, {("price", "d1"): FOUND},
        {(): plain, ("price", "text"): plain}, [QUESTION],
    )  # fmt: skip
    (tmp_path / "result").write_bytes(result.dump())
    read = ReleaseResult.load(tmp_path / "result")
    assert read.rows == rows
    assert list(read.members) == [MEMBER]
    assert read.losses == {"price": ([0], [0.25])}
    assert read.answers["price", "d1"].labels == FOUND.labels
    assert {key: one.labels for key, one in read.runs.items()} == {
        (): [1.0, None],
        ("price", "text"): [1.0, None],
    }
    assert list(read.open) == [QUESTION]


@pytest.mark.parametrize("content", [b"", b"MHW1" + bytes(12), b"no message at all, but text"])
def test_another_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    """Code of a package may have written it."""
    (tmp_path / "result").write_bytes(content)
    with pytest.raises(PackageError, match="gave an answer that can't be read"):
        ReleaseResult.load(tmp_path / "result")
