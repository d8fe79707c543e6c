"""Retrain from the contents of a package, and determine the equivalence level of the result.

1. Verify the files: nothing runs that differs from the manifest.
2. Run the recipe in a new process, as at build; unless the host has run it already, without access
   to the recorded model (``ReplayRequest.window``).
3. Compare: bytes of the model, its state, predictions on the held-out rows, metrics within the
   accepted band, metrics within the seed variance.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelhost.sandbox.network import describe_isolation
from packager.digest import canonical_json, sha256_bytes
from packager.errors import PackageError
from packager.manifest.base import EquivalenceLevel
from packager.manifest.evaluation import Evaluation
from packager.manifest.manifest import DataSource, Manifest, Recipe, Schema
from packager.model.hosted import ModelHost
from packager.model.integrity import MANIFEST, IntegrityCheck, verify
from packager.model.paths import Root
from packager.worker.job import Job, ReplayRequest, TrainingResult
from packager.worker.processes.environment import environment_differences
from packager.worker.processes.host_command import model_host
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.replay.compiled_form import compiled_checks
from packager.worker.replay.differences import accepted, evaluation_check, metric_checks
from packager.worker.replay.equivalence import FittedModel, compare_models, equivalence_level
from packager.worker.replay.nondeterminism import find_nondeterminism
from packager.worker.replay.remeasure import ReplayEvaluation, measure_again, read_again
from packager.worker.replay.repeat import repeated, replayable
from packager.worker.replay.report import (
    LEVELS,
    MetricCheck,
    ModelComparison,
    ReplayReport,
    claimed,
    damaged,
    reaches,
)
from packager.worker.replay.seed_variance import intervals, within_seed_variance
from packager.worker.replay.volatile_state import Window
from packager.worker.train.training import model_files
from packager.worker.train_job import run

COMPARE_TIMEOUT_SECONDS = 1_800.0
"""Time limit for the comparison of the compiled form with the model."""


def replay(root: Root, ask: ReplayRequest, out: Path) -> ReplayReport:
    """Replay the package below ``root``; write ``out``/report.json.

    A replay that doesn't reach its level returns a failed report. Raise ``PackageError`` if there
    is nothing to replay or the training fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    manifest = Manifest.load(root.package / MANIFEST)
    replayable(manifest)
    _check_data(root)
    checks = verify(manifest, root)
    if not all(check.ok for check in checks):
        report = damaged(manifest, checks)
    elif ask.window is not None:
        report = _compare(manifest, root, checks, ask, root.retrained, ask.window)
    else:
        with tempfile.TemporaryDirectory(prefix="retrained-", dir=out) as name:
            began = time.time()
            _retrain(repeated(manifest, ask)[1].job, root, Path(name))
            report = _compare(manifest, root, checks, ask, Path(name), (began, time.time()))
    report = report.model_copy(update={"isolation": describe_isolation()})
    (out / "report.json").write_bytes(report.dump())
    return report


def _retrain(job: Job, root: Root, folder: Path) -> None:
    """Run ``job`` and write its results into ``folder``; raise ``PackageError`` if it fails."""
    try:
        run(job, root, folder)
    except PackageError as error:
        raise PackageError(f"training again failed: {error.message}", error.hint) from error


def _check_data(root: Root) -> None:
    if not root.source.is_dir() or not any(root.source.iterdir()):
        raise PackageError(
            f"expected the training data in {root.source}, which does not exist",
            "replay the companion image, or name the data: package replay REF --data PATH",
        )


def _compare(
    manifest: Manifest,
    root: Root,
    checks: list[IntegrityCheck],
    ask: ReplayRequest,
    folder: Path,
    window: Window,
) -> ReplayReport:
    """Compare the model in ``folder`` with the recorded one, in a process that has not trained.

    Data and metrics reported by the training are not trusted: the data are read again before any
    model is loaded, and the metrics are computed again.
    """
    recipe, data = replayable(manifest)
    job, perturbed = repeated(manifest, ask)
    environment = TrainingResult.load(folder / "result.json").environment
    read = read_again(job, root)
    held_out = read.dataset.test[[column.name for column in manifest.schema_.features]]
    serve, task, models = manifest.serve, manifest.task, folder / "model"
    with ModelHost(model_host(root, models)) as host:
        model = StoredModel(models, serve, task).load(host)
        measured = measure_again(model, read, job)
        known = StoredModel(root.models, serve, task).load(host)
        recorded = FittedModel(manifest.model, known)
        trained = FittedModel(model_files(models), model, window)
        comparison = compare_models(recorded, trained, held_out)
        checks = [*checks, *result_checks(manifest, data, measured)]
        with host.within(COMPARE_TIMEOUT_SECONDS):
            checks += compiled_checks(root, manifest, known.untraced(), held_out)
    metrics, level = _judged(manifest, recipe, measured.evaluation, comparison)
    if comparison.bit_equal:
        checks.append(evaluation_check(manifest.evaluation, measured.evaluation))
    return ReplayReport(
        level=level,
        required_level=manifest.level,
        claimed=claimed(manifest),
        level_at_build=manifest.repeatability.level if manifest.repeatability else None,
        passed=_passed(level, manifest, checks, agreed=accepted(metrics), perturbed=perturbed.what),
        perturbed=perturbed.what,
        checks=tuple(checks),
        metrics=metrics,
        intervals=intervals(manifest.seed_variance),
        comparison=comparison,
        nondeterminism=()
        if level == "artifact" or perturbed.what
        else find_nondeterminism(root.code),
        environment_recorded=manifest.environment,
        environment_now=environment,
        environment_differences=environment_differences(manifest.environment, environment),
    )


def _judged(
    manifest: Manifest, recipe: Recipe, evaluation: Evaluation, comparison: ModelComparison
) -> tuple[dict[str, MetricCheck], EquivalenceLevel]:
    """The checks of the metrics, and the level that the repeat reached."""
    # Equal predictions have equal metrics, so every recorded metric can be checked.
    metrics = metric_checks(
        manifest.evaluation, evaluation, recipe.accept, every=comparison.bit_equal
    )
    statistical = within_seed_variance(manifest.seed_variance, evaluation, recipe.accept)
    level = equivalence_level(comparison, metrics=accepted(metrics), statistical=statistical)
    return metrics, level


def _passed(
    level: EquivalenceLevel,
    manifest: Manifest,
    checks: Sequence[IntegrityCheck],
    *,
    agreed: bool,
    perturbed: str | None,
) -> bool:
    """Whether a replay passes; a ``perturbed`` one has to reach a lower level than usual.

    ``agreed``: the metrics match the manifest within the accepted band.
    """
    if perturbed:
        return _change_detected(level, manifest)
    # Metrics are judged on every level, because the manifest may record false ones. But if the
    # repeat at build reached no level, they are known to vary.
    judged = agreed or level == "statistical" or manifest.level == "none"
    sound = judged and all(check.ok for check in checks)
    return sound and level != "none" and reaches(level, manifest.level)


def _change_detected(level: EquivalenceLevel, manifest: Manifest) -> bool:
    """Whether a deliberate change reached a lower level than a repeat without one."""
    usual = manifest.repeatability.level if manifest.repeatability else manifest.level
    return LEVELS.index(level) > LEVELS.index(usual)


def result_checks(
    manifest: Manifest, data: DataSource, measured: ReplayEvaluation
) -> list[IntegrityCheck]:
    """Checks that every level requires: equal data and schema."""
    dataset = measured.dataset
    pairs: list[tuple[str, Any, Any]] = [
        ("fingerprint", data.fingerprint, measured.fingerprint),
        ("schema", _schema_digest(manifest.schema_), _schema_digest(measured.schema)),
        ("rows without a label", _digest(data.unlabelled), _digest(dataset.unlabelled)),
        ("training rows", data.train_rows, len(dataset.train)),
        ("held-out rows", data.test_rows, len(dataset.test)),
    ]
    return [
        IntegrityCheck(name=name, expected=str(expected), actual=str(actual), ok=expected == actual)
        for name, expected, actual in pairs
    ]


def _schema_digest(schema: Schema) -> str:
    """Digest of the schema without rejected values, which only a build queries."""
    data = {"refuses": (), "fatal": ()}
    columns = tuple(column.model_copy(update=data) for column in schema.features)
    return sha256_bytes(schema.model_copy(update={"features": columns}).dump())


def _digest(options: dict[str, Any]) -> str:
    return sha256_bytes(canonical_json(options))
