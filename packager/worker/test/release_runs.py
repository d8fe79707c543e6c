"""The verb ``release``: runs of a solution's flow with members of another release.

This release's members answer what the other release's flow hands them, and this flow runs with the
answers of the other's, as far as they are known. The host carries questions and answers between the
two until all runs have ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modelhost.solution.replacement import right_answers
from packager.errors import UsageError
from packager.manifest.base import Task
from packager.manifest.manifest import Manifest
from packager.model.hosted import ModelHost
from packager.model.hosted_model import HostedModel
from packager.model.integrity import MANIFEST, check_before_loading
from packager.model.paths import Root
from packager.model.predictions import Predictions, scalars
from packager.worker.processes.host_command import model_host
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.test.attribution import chosen_rows
from packager.worker.test.hosted_study import (
    HostedStudy,
    Question,
    StudiedMember,
    UnansweredRowsError,
    predict_member,
)
from packager.worker.test.judged_rows import JudgedRows
from packager.worker.test.new_rows import NewRows, new_rows
from packager.worker.test.release_messages import FILE, ReleaseJob, ReleaseResult, StudiedData
from packager.worker.train.source_data import read_data

Losses = tuple[list[int], list[float]]
"""Rows, and the loss of each."""


def run_release(job: ReleaseJob, root: Root, out: Path) -> None:
    """Write ``out``/release.bin.

    Raise ``UsageError`` for data that the package can't read, and ``PackageError`` if the flow
    raises, or a member's right answers are none of its answers.
    """
    manifest = Manifest.load(root.package / MANIFEST)
    check_before_loading(manifest, root)
    rows = _rows(job, manifest, root)
    with ModelHost(model_host(root)) as host:
        model = StoredModel(root.models, manifest.serve, manifest.task).load(host)
        result = _result(job, rows, model.untraced())
    (out / FILE).write_bytes(result.dump())


def _rows(job: ReleaseJob, manifest: Manifest, root: Root) -> NewRows:
    path = root.new / job.source
    try:
        rows = new_rows(path, read_data(path, manifest.reader).served, manifest)
    except UsageError as error:
        message = error.message.replace(str(path), job.shown)
        raise UsageError(f"{manifest.tag}: {message}", error.hint) from error
    named = f"{manifest.tag}: --data {job.shown}"
    if rows.absent:
        absent = ", ".join(map(repr, rows.absent))
        raise UsageError(
            f"{named}: expected the features {absent}, got no such columns",
            "name rows that both releases take",
        )
    if rows.invalid:
        cell = rows.invalid[0]
        raise UsageError(
            f"{named}: row {cell.row}, column {cell.column!r}: expected {cell.expected}, got"
            f" {cell.got}",
            "leave out rows that one of the releases refuses",
        )
    if not len(rows):
        raise UsageError(f"{named}: expected rows, got none", "name a file with rows")
    return rows.where(chosen_rows(len(rows)))


def _result(job: ReleaseJob, rows: NewRows, model: HostedModel) -> ReleaseResult:
    answers = {
        (question.member, question.digest): predict_member(model, question)
        for question in job.questions
    }
    study = HostedStudy(model, rows.features, {}, job.others)
    runs: dict[tuple[str, ...], Predictions] = {(): study.run(received=True)}
    losses = dict(_losses(study, rows))
    questions: dict[tuple[str, str], Question] = {}
    for swapped in job.runs:
        try:
            runs[swapped] = study.run(swapped=swapped)
        except UnansweredRowsError as error:
            questions[error.question.member, error.question.digest] = error.question
    members = tuple(study.members.values())
    return ReleaseResult(_data(rows), members, losses, answers, runs, tuple(questions.values()))


def _data(rows: NewRows) -> StudiedData:
    groups = rows.groups(rows.manifest.test.groups)
    masks: Mapping[str, list[int]] = {
        name: np.flatnonzero(mask).tolist() for name, mask in rows.masks.items()
    }
    known = None if groups is None else groups.tolist()
    return StudiedData(rows.indices.tolist(), list(rows.truth), known, masks)


def _losses(study: HostedStudy, rows: NewRows) -> Iterator[tuple[str, Losses]]:
    """The losses of each member whose right answers are in the data, on the rows it received.

    A member that is called more than once for a row has none: the data name one right answer.
    """
    for name, member in study.members.items():
        calls = [call for call in study.received if call.member == name]
        right = _right(member, rows)
        if right is None or not calls or name in study.repeated:
            continue
        labels: dict[int, Any] = {}
        for call in calls:
            labels.update(zip(call.indices, call.predictions.labels, strict=True))
        indices = sorted(index for index in labels if right[index] is not None)
        answers = Predictions([labels[index] for index in indices], None)
        truth = [right[index] for index in indices]
        task: Task = "classification" if member.spec.task == "classification" else "regression"
        losses = JudgedRows(task, truth, answers, member.classes).losses
        if losses is not None and np.isfinite(losses).all():
            yield name, (indices, losses.tolist())


def _right(member: StudiedMember, rows: NewRows) -> list[Any] | None:
    """The right answers of a member; None if the data have none."""
    spec = member.spec
    if spec.truth is None or spec.truth not in rows.as_read.columns:
        return None
    if spec.task not in ("classification", "regression"):
        return None
    truth = scalars(rows.as_read[spec.truth])
    return right_answers(spec, truth, member.classes, chances=False).labels
