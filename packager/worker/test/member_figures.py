"""Members of a solution, each judged on the rows that the flow handed it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from modelhost.solution.replacement import right_answers
from monitoring.stats.distributions import student_quantile
from monitoring.stats.estimates import Estimate
from packager.manifest.base import Scalar, Task
from packager.model.predictions import Predictions
from packager.worker.test.answers import joined
from packager.worker.test.attribution_records import MemberFigures, MetricFigure
from packager.worker.test.hosted_study import ReceivedRows, StudiedMember
from packager.worker.test.judged_rows import JudgedRows

Codes = npt.NDArray[np.int64]


def member_figures(
    members: Mapping[str, StudiedMember],
    received: Sequence[ReceivedRows],
    truth: Mapping[str, Sequence[Scalar | None]],
    left_out: Mapping[str, str],
    groups: Codes | None,
) -> tuple[MemberFigures, ...]:
    """The figures of each member, in the order of ``members``.

    ``truth``: the right answer of each row of the data, None for an unknown one; ``groups``: of
    each row.
    """
    all_figures = []
    for name, member in members.items():
        calls = [call for call in received if call.member == name]
        indices = [index for call in calls for index in call.indices]
        figures = MemberFigures(name=name, rows=len(indices), truth=member.spec.truth)
        if not calls:
            figures = figures.model_copy(update={"why": "the flow handed it no row"})
        elif name in left_out:
            figures = figures.model_copy(update={"why": left_out[name]})
        else:
            right = right_answers(member.spec, truth[name], member.classes, chances=False)
            answers = joined([call.predictions for call in calls])
            figures = _judged(figures, member, (indices, answers, right.labels), groups)
        all_figures.append(figures)
    return tuple(all_figures)


def _judged(
    figures: MemberFigures,
    member: StudiedMember,
    calls: tuple[list[int], Predictions, Sequence[Scalar | None]],
    groups: Codes | None,
) -> MemberFigures:
    """``figures`` with the metrics of the rows that have a right answer."""
    indices, answers, right = calls
    known = [at for at, index in enumerate(indices) if right[index] is not None]
    if not known:
        return figures.model_copy(update={"why": "no row that it received has a right answer"})
    judged_indices = [indices[at] for at in known]
    task: Task = "classification" if member.spec.task == "classification" else "regression"
    own = None if groups is None else groups[judged_indices]
    truth = [right[index] for index in judged_indices]
    judged = JudgedRows(task, truth, answers.at(known), member.classes, own)
    metrics = {
        name: metric_figure(one)
        for name, one in judged.estimates().items()
        if not name.startswith("recall ")
    }
    return figures.model_copy(update={"judged": len(known), "metrics": metrics})


def metric_figure(estimate: Estimate) -> MetricFigure:
    """A metric with its 95 % interval."""
    if not (math.isfinite(estimate.variance) and estimate.degrees >= 1):
        return MetricFigure(value=estimate.value, interval=None)
    half = student_quantile(0.975, estimate.degrees) * math.sqrt(estimate.variance)
    low, high = estimate.value - half, estimate.value + half
    if estimate.share:
        low, high = max(0.0, low), min(1.0, high)
    return MetricFigure(value=estimate.value, interval=(low, high))
