"""The verb ``test``: one verdict on new data, from the package's own runtime and model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitoring.profile.profile import Profile
from packager.data.fingerprint import fingerprint
from packager.digest import sha256_bytes
from packager.manifest.manifest import Fingerprint, Manifest
from packager.manifest.policy import Family
from packager.model.hosted import ModelHost
from packager.model.integrity import MANIFEST, check_before_loading
from packager.model.paths import Root
from packager.worker.job import DataTestJob
from packager.worker.processes.asked_model import StoredModel
from packager.worker.processes.host_command import model_host
from packager.worker.test.answers import Answers, ask
from packager.worker.test.baseline import BASELINE, Baseline
from packager.worker.test.cases.rows import DataRows
from packager.worker.test.cases.run import cases
from packager.worker.test.drift import drift
from packager.worker.test.fairness import group_columns
from packager.worker.test.labelled import judged_data
from packager.worker.test.labelled_families import labelled_families
from packager.worker.test.late_labels import with_labels
from packager.worker.test.new_rows import NewRows, new_rows
from packager.worker.test.overlap import training_overlap
from packager.worker.test.packaged_rows import packaged_rows
from packager.worker.test.report import Check, DataTestReport
from packager.worker.test.schema import schema
from packager.worker.test.sketch_overlap import sketch_overlap
from packager.worker.test.suspects import suspects
from packager.worker.test.timing import cpu_ratios, timing
from packager.worker.test.unanswered import unanswered
from packager.worker.test.verdict import Judged, judge, overall
from packager.worker.test.weak_family import weak
from packager.worker.train.dataset import Dataset
from packager.worker.train.source_data import read_data


class _Found(NamedTuple):
    """What the families found."""

    families: dict[Family, Judged]
    rows: NewRows
    """Those that the model answered."""
    labelled: int = 0
    """Rows that quality is measured on."""
    notes: tuple[str, ...] = ()


def run_test(asked: DataTestJob, root: Root, out: Path) -> DataTestReport:
    """Test the package below ``root`` on the rows in ``root.new``; write ``out``/report.json.

    Raise ``PackageError`` if the test can't be made; a failed test returns a report.
    """
    manifest = Manifest.load(root.package / MANIFEST)
    check_before_loading(manifest, root)
    place = root.new / asked.source if asked.source else root.new
    source = read_data(place, manifest.reader)
    rows = new_rows(place, source.served, manifest)
    late = None
    if asked.labels and not rows.absent:
        late = with_labels(rows, root.labels / asked.labels, asked.on)
        rows = late.rows
    digest = fingerprint(source.frame, source.files)
    chosen = None if late is None else late.probabilities
    found = _families(rows, chosen, digest, manifest, root)
    reports = judge(found.families, manifest.test)
    verdict, sentence = overall(reports)
    report = DataTestReport(
        name=manifest.name,
        version=manifest.version,
        root=manifest.root,
        task=manifest.task,
        files=source.files,
        fingerprint=sha256_bytes(digest.dump()),
        rows=rows.read,
        judged_rows=len(found.rows),
        labelled_rows=found.labelled,
        policy=manifest.test,
        verdict=verdict,
        sentence=sentence,
        families=reports,
        notes=(*_notes(rows), *(late.notes if late else ()), *found.notes),
    )
    (out / "report.json").write_bytes(report.dump())
    return report


def _families(
    rows: NewRows,
    chosen: npt.NDArray[np.float64] | None,
    digest: Fingerprint,
    manifest: Manifest,
    root: Root,
) -> _Found:
    """What each family found; ``chosen``: the probability with which a row was to be labelled."""
    if rows.absent:
        return _Found({"schema": schema(rows, None)}, rows)
    packaged = packaged_rows(manifest, root)
    answers, ratios = _asked(rows, packaged, manifest, root)
    found: dict[Family, Judged] = {"schema": schema(rows, answers)}
    rows = rows.where(answers.answered)
    chosen = None if chosen is None else chosen[answers.answered]
    if not len(rows):
        return _Found(found, rows, notes=("no row of the new data could be judged",))
    profile, baseline, policy = _profile(root), _baseline(root), manifest.test
    effects = {} if baseline is None else baseline.reference_effects
    overlap = None if isinstance(packaged, str) else training_overlap(rows, packaged)
    seen = overlap.check(rows) if overlap else sketch_overlap(digest, root)
    if profile is not None:
        found["suspects"] = suspects(rows, profile, policy, effects)
        if not isinstance(seen, str):
            found["suspects"] = _with(found["suspects"], seen)
        if baseline is not None and manifest.task == "regression":
            no_number = unanswered(answers.found, rows.groups(policy.groups), baseline, policy)
            if no_number is not None:
                found["suspects"] = _with(found["suspects"], no_number)
        found["drift"] = drift(rows, answers.found, profile, policy, effects)
    found["time"] = timing(ratios, policy)
    data = DataRows(rows.served, rows.places, rows.masks)
    found["cases"] = cases(data, manifest, root, batches=policy.batch_invariance)
    notes = (f"not compared with the training rows: {seen}",) if isinstance(seen, str) else ()
    kept = rows.labelled & (overlap.fresh if overlap else True)
    calibration = None if profile is None else profile.calibration
    judged = judged_data(rows, answers.found, kept, chosen, calibration)
    if judged is None:
        why = "the new data have no labels" if not rows.labelled.any() else "no row is new"
        found["quality"] = Judged(not_judged=why)
    elif baseline is None:
        found["quality"] = Judged(not_judged="the package was built without data")
    else:
        masks = {name: mask[kept] for name, mask in rows.masks.items()}
        grouped = group_columns(rows.served, rows.given, policy.fairness)[kept]
        found |= labelled_families(judged, masks, grouped, baseline, manifest)
        served = rows.where(kept).served
        found["weak"] = weak(judged, served, profile, baseline, manifest.schema_, policy)
    return _Found(found, rows, 0 if judged is None else len(judged), notes)


def _with(found: Judged, check: Check) -> Judged:
    return found._replace(checks=(*found.checks, check))


def _asked(
    rows: NewRows, packaged: Dataset | str, manifest: Manifest, root: Root
) -> tuple[Answers, Sequence[float] | str]:
    """The answers, and the ratios of processor time, or why there are none."""
    sys.stderr.write(f"asking the model for {len(rows):,} rows\n")
    with ModelHost(model_host(root)) as host:
        model = StoredModel(root.models, manifest.serve, manifest.task).load(host)
        answers = ask(model, rows.features)
        if isinstance(packaged, str):
            return answers, packaged
        if not answers.answered.all():
            return answers, "the model refused rows"
        names = [column.name for column in manifest.schema_.features]
        return answers, cpu_ratios(model, rows.features, packaged.test[names])


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
        notes.append(f"{unlabelled} rows without a label count for schema and drift only")
    return tuple(notes)
