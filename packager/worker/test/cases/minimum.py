"""The case ``minimum``: a metric on the labelled rows of its own file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from packager.errors import UsageError
from packager.manifest.case import Case
from packager.manifest.manifest import Manifest
from packager.model.hosted_model import HostedModel
from packager.worker.test.answers import predict_rows
from packager.worker.test.directions import worse_direction
from packager.worker.test.labelled import judged_data
from packager.worker.test.new_rows import NewRows, read_new_rows
from packager.worker.test.report import Check


def judge_minimum(case: Case, model: HostedModel, manifest: Manifest, code: Path) -> Check:
    """Whether the metric of ``case`` is at least, or of an error at most, its limit.

    Raise ``UsageError`` if the rows have no labels, or don't define the metric.
    """
    assert case.metric is not None
    assert case.limit is not None
    rows = _labelled_rows(case, manifest, code)
    answers = predict_rows(model, rows.features, manifest.schema_.features)
    answered = rows.where(answers.answered)
    judged = judged_data(answered, answers.predictions, answered.labelled)
    estimates = {} if judged is None else judged.estimates()
    if case.metric not in estimates:
        names = ", ".join(sorted(estimates)) or "none: its rows have no labels"
        raise UsageError(
            f"case {case.name!r}: expected a metric of its rows, got {case.metric!r}",
            f"the metrics are {names}",
        )
    assert judged is not None
    now, direction = float(estimates[case.metric].value), worse_direction(case.metric)
    refused = int(np.sum(~answers.answered))
    passed = (now - case.limit) * direction <= 0 and not refused
    bound_text = f"at {'least' if direction < 0 else 'most'} {case.limit:.6g}"
    why = (
        f"case {case.name!r}: {case.metric} {now:.6g} on {len(judged)} rows, expected {bound_text}"
    )
    if refused:
        why += f"; the model raises on {refused} rows, first: {answers.refused[0].why}"
    return Check(
        family="cases",
        name=case.name,
        subject=case.name,
        metric=case.metric,
        baseline=case.limit,
        now=now,
        difference=now - case.limit,
        worse=direction,
        limit=0.0,
        rows=len(judged),
        headline=True,
        severity=case.severity,
        verdict="passed" if passed else "failed",
        why=why,
        details={"kind": case.kind},
    )


def _labelled_rows(case: Case, manifest: Manifest, code: Path) -> NewRows:
    """The rows of the case's file; raise ``UsageError`` if a server would refuse one."""
    path = code / str(case.file)
    if not path.is_file():
        raise UsageError(
            f"case {case.name!r}: expected the file {case.file} in the project's code, got none",
            "name a file that is packaged; the folder of the data is not",
        )
    rows = read_new_rows(path, manifest)
    if rows.absent or rows.invalid:
        problem = (
            f"a column {rows.absent[0]!r}"
            if rows.absent
            else f"{rows.invalid[0].expected} in row {rows.invalid[0].row}"
        )
        raise UsageError(f"case {case.name!r}: expected {problem} in {case.file}", "correct it")
    return rows
