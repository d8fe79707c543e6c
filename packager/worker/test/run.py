"""The verb ``test``: one verdict on new data, from the package's own runtime and model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.profile.profile import Profile
from packager.manifest.manifest import Manifest
from packager.manifest.policy import FAMILIES, Family
from packager.model.host_process import ForkServer
from packager.model.hosted import ModelHost
from packager.model.integrity import MANIFEST, check_before_loading
from packager.model.paths import Root
from packager.text import counted
from packager.worker.job import DataTestJob, PreviousTimes
from packager.worker.processes.host_command import fork_server, model_host
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.test.answers import ModelAnswers, predict_rows
from packager.worker.test.attribution_records import Attribution
from packager.worker.test.baseline import BASELINE, Baseline
from packager.worker.test.cases.rows import DataRows
from packager.worker.test.cases.run import cases
from packager.worker.test.drift import drift
from packager.worker.test.fairness import group_columns
from packager.worker.test.label_coverage import coverage_note
from packager.worker.test.labelled import judged_data, measured_rows
from packager.worker.test.labelled_families import labelled_families
from packager.worker.test.new_rows import NewRows
from packager.worker.test.overlap import training_overlap
from packager.worker.test.packaged_rows import packaged_rows
from packager.worker.test.reading import ReadData, UnreadData, read_for_test
from packager.worker.test.report import Check, DataTestReport
from packager.worker.test.schema import schema
from packager.worker.test.sketch_overlap import sketch_overlap
from packager.worker.test.solution_shares import solution_shares
from packager.worker.test.suspects import suspects
from packager.worker.test.timing import cpu_ratios, timing
from packager.worker.test.unanswered import unanswered
from packager.worker.test.verdict import FamilyResult, judge, overall
from packager.worker.test.weak_family import weak
from packager.worker.train.dataset import Dataset


class _TestResults(NamedTuple):
    """The results of the families."""

    families: dict[Family, FamilyResult]
    notes: tuple[str, ...] = ()
    answered: int = 0
    """Rows that the model answered."""
    labelled: int = 0
    """Rows that quality is measured on."""
    why: str = ""
    """Why families that are absent were not judged."""
    attribution: Attribution | None = None


def run_test(job: DataTestJob, root: Root, out: Path) -> DataTestReport:
    """Test the package below ``root`` on the rows in ``root.new``; write ``out``/report.json.

    Raise ``PackageError`` if the test can't be made; a failed test returns a report, also of data
    that can't be read.
    """
    manifest = Manifest.load(root.package / MANIFEST)
    check_before_loading(manifest, root)
    data = read_for_test(job, manifest, root)
    if isinstance(data, UnreadData):
        outcome = _unread(data)
    else:
        with fork_server(root) as forks:
            outcome = _families(data, job.previous, manifest, root, forks)
    reports = judge(_every_family(outcome), manifest.test)
    verdict, sentence = overall(reports, manifest.test)
    report = DataTestReport(
        name=manifest.name,
        version=manifest.version,
        root=manifest.root,
        task=manifest.task,
        files=data.files,
        fingerprint=data.digest,
        rows=data.rows if isinstance(data, UnreadData) else data.rows.read,
        judged_rows=outcome.answered,
        labelled_rows=outcome.labelled,
        policy=manifest.test,
        verdict=verdict,
        sentence=sentence,
        families=reports,
        notes=outcome.notes,
        attribution=outcome.attribution,
    )
    (out / "report.json").write_bytes(report.dump())
    return report


def _unread(data: UnreadData) -> _TestResults:
    what = "labels" if data.check.name == "labels" else "new data"
    return _TestResults({"schema": FamilyResult([data.check])}, why=f"the {what} can't be read")


def _every_family(outcome: _TestResults) -> dict[Family, FamilyResult]:
    """The result of each family; those without one say why."""
    nothing = FamilyResult(not_judged=outcome.why)
    return {family: outcome.families.get(family, nothing) for family in FAMILIES}


def _families(
    data: ReadData, times: PreviousTimes | None, manifest: Manifest, root: Root, forks: ForkServer
) -> _TestResults:
    """The result of each family."""
    rows, notes = data.rows, (*_notes(data.rows), *data.notes)
    if data.absent:
        return _TestResults(
            {"schema": schema(rows, None, data.absent)}, notes, why="the new data lack columns"
        )
    packaged = packaged_rows(manifest, root)
    answers, ratios = _predict_timed(rows, packaged, manifest, root, forks)
    by_family: dict[Family, FamilyResult] = {"schema": schema(rows, answers, {})}
    rows = rows.where(answers.answered)
    if not len(rows):
        none = "no row of the new data could be judged"
        return _TestResults(by_family, (*notes, none), why=none)
    profile, baseline, policy = _profile(root), _baseline(root), manifest.test
    effects = {} if baseline is None else baseline.reference_effects
    overlap = None if isinstance(packaged, str) else training_overlap(rows, packaged)
    seen = overlap.check(rows) if overlap else sketch_overlap(data.fingerprint, root)
    if profile is not None:
        by_family["suspects"] = suspects(rows, profile, policy, effects)
        if not isinstance(seen, str):
            by_family["suspects"] = _with(by_family["suspects"], seen)
        if baseline is not None and manifest.task == "regression":
            groups = rows.groups(policy.groups)
            no_number = unanswered(answers.predictions, groups, baseline, policy)
            if no_number is not None:
                by_family["suspects"] = _with(by_family["suspects"], no_number)
        embedded = _embedded(rows, profile, manifest, root, forks)
        by_family["drift"] = drift(rows, answers.predictions, profile, policy, effects, embedded)
    by_family["time"] = timing(ratios, policy, times)
    by_family["cases"] = _cases(rows, manifest, root, forks)
    if isinstance(seen, str):
        notes = (*notes, f"not compared with the training rows: {seen}")
    fresh = overlap.fresh if overlap else np.ones(len(rows), np.bool_)
    measured, why = measured_rows(rows, fresh)
    chosen = None if data.chosen is None else data.chosen[answers.answered]
    notes = notes if chosen is not None else (*notes, *_coverage(rows))
    calibration = None if profile is None else profile.calibration
    judged = judged_data(rows, answers.predictions, measured, chosen, calibration)
    if judged is not None and baseline is not None:
        masks = {name: mask[measured] for name, mask in rows.masks.items()}
        grouped = group_columns(rows.served, rows.as_read, policy.fairness)[measured]
        by_family |= labelled_families(judged, masks, grouped, baseline, manifest)
        served = rows.where(measured).served
        by_family["weak"] = weak(judged, served, profile, baseline, manifest.schema_, policy)
    labelled, none = len(judged or ()), why or "the package was built without data"
    shares = solution_shares(rows, answers.predictions, measured, why, chosen, root)
    return _TestResults(by_family, notes, len(rows), labelled, none, shares)


def _coverage(rows: NewRows) -> tuple[str, ...]:
    """The slices with more or fewer labels than the others; empty for no difference."""
    if not rows.labelled.any() or rows.labelled.all():
        return ()
    groups = rows.groups(rows.manifest.test.groups)
    note = coverage_note(rows.labelled, rows.masks, groups)
    return () if note is None else (note,)


def _cases(rows: NewRows, manifest: Manifest, root: Root, forks: ForkServer) -> FamilyResult:
    cells = DataRows(rows.served, rows.indices, rows.masks)
    return cases(cells, manifest, root, batches=manifest.test.batch_invariance, forks=forks)


def _with(judged: FamilyResult, check: Check) -> FamilyResult:
    return judged._replace(checks=(*judged.checks, check))


def _predict_timed(
    rows: NewRows, packaged: Dataset | str, manifest: Manifest, root: Root, forks: ForkServer
) -> tuple[ModelAnswers, Sequence[float] | str]:
    """The answers, and the ratios of processor time, or why there are none."""
    sys.stderr.write(f"asking the model for {len(rows):,} rows\n")
    with ModelHost(model_host(root)) as host:
        model = StoredModel(root.models, manifest.serve, manifest.task).load(host)
        forks.warm(host.libraries())
        answers = predict_rows(model, rows.features, manifest.schema_.features)
        if isinstance(packaged, str):
            return answers, packaged
        if not answers.answered.all():
            return answers, "the model refused rows"
        names = [column.name for column in manifest.schema_.features]
        return answers, cpu_ratios(model, rows.features, packaged.test[names])


def _embedded(
    rows: NewRows, profile: Profile, manifest: Manifest, root: Root, forks: ForkServer
) -> npt.NDArray[np.float64] | None:
    """The embeddings of the rows; None if the package watches none."""
    if profile.embedding is None:
        return None
    with ModelHost(model_host(root, forks=forks)) as host:
        model = StoredModel(root.models, manifest.serve, manifest.task).load(host)
        return model.embed(profile.embedding, rows.features)


def _profile(root: Root) -> Profile | None:
    path = root.package / "profile.json"
    return Profile.model_validate_json(path.read_bytes()) if path.is_file() else None


def _baseline(root: Root) -> Baseline | None:
    path = root.package / BASELINE
    return Baseline.load(path) if path.is_file() else None


def _notes(rows: NewRows) -> tuple[str, ...]:
    notes = []
    if rows.unknown:
        names = ", ".join(map(repr, rows.unknown[:5]))
        notes.append(f"columns that the package does not know were ignored: {names}")
    unlabelled = len(rows) - int(rows.labelled.sum())
    if unlabelled and rows.labelled.any():
        are = "is" if unlabelled == 1 else "are"
        notes.append(f"{counted(unlabelled, 'row')} without a label {are} judged without one")
    return tuple(notes)
