"""The report of a check: its order, blocking issues, and a digest independent of models."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from packager.data.checks.finding import DataCheckReport, DataFinding, worst_first


def finding(**changes: Any) -> DataFinding:
    fields = {
        "detector": "missing",
        "score": 0.5,
        "column": "x",
        "observed": "no value",
        "expected": "a value",
        "suggestion": "fill it in",
    }
    return DataFinding.model_validate(fields | changes)


def report(*findings: DataFinding, model_free: tuple[str, ...] = ("missing",)) -> DataCheckReport:
    return DataCheckReport(
        rows=1,
        columns=("x",),
        counts={},
        model_free=model_free,
        findings=findings,
        cells={},
        histograms={},
        notes=(),
    )


FINDINGS = st.lists(
    st.builds(
        finding,
        detector=st.sampled_from(["missing", "outlier"]),
        score=st.floats(0, 1),
        column=st.none() | st.sampled_from("xy"),
        row=st.none() | st.integers(0, 9),
        blocking=st.booleans(),
        part=st.sampled_from(["source", "test"]),
    ),
    max_size=8,
)


@given(FINDINGS, st.randoms())
def test_the_order_of_findings_is_the_same_however_they_were_found(findings, random):
    ordered = sorted(findings, key=worst_first)
    random.shuffle(findings)
    keys = [worst_first(one) for one in sorted(findings, key=worst_first)]
    assert keys == [worst_first(one) for one in ordered]
    scores = [(not one.blocking, -one.score) for one in ordered]
    assert scores == sorted(scores)


@given(FINDINGS)
def test_only_findings_of_detectors_without_a_model_are_in_the_digest(findings):
    free = [one for one in findings if one.detector == "missing"]
    assert report(*findings).digest == report(*free).digest
    assert report(*findings, finding(score=0.25)).digest != report(*findings).digest


def test_what_blocks_is_distinguished():
    stops = finding(blocking=True)
    assert report(finding(), stops).blocking == (stops,)


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_is_a_probability(score):
    with pytest.raises(ValidationError):
        finding(score=score)
