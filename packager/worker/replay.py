"""Train again from what the package holds, and say how equal the result is.

Files first: what isn't what the manifest names is not run. Then the recipe in a fresh process,
just as at build time, and the ladder: model bytes, predictions on the held-out rows, metrics.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.errors import PackageError
from packager.manifest import DataSource, Manifest, NumericalEnvironment, Recipe
from packager.worker.compare import (
    identical,
    label_flips,
    largest_difference,
    metric_checks,
    slices_check,
)
from packager.worker.dataset import prepare, read_source
from packager.worker.integrity import MANIFEST, verify
from packager.worker.job import Job, TrainingResult
from packager.worker.model import load_model, load_model_at
from packager.worker.paths import Root
from packager.worker.predictions import Predictions
from packager.worker.project_code import calling
from packager.worker.report import Check, ReplayReport, Rung, reaches


def replay(root: Root, out: Path) -> ReplayReport:
    """Replay the package below ``root``; write ``out``/report.json.

    A replay that doesn't reach its level is a report, not an error. Raise ``PackageError`` where
    there is nothing to replay, or training itself fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    manifest = Manifest.load(root.package / MANIFEST)
    recipe, data = _replayable(manifest, root)
    checks = verify(manifest, root)
    if all(check.ok for check in checks):
        report = _compare(manifest, recipe, data, root, checks, out)
    else:
        report = _damaged(manifest, recipe, checks)
    (out / "report.json").write_bytes(report.dump())
    return report


def _replayable(manifest: Manifest, root: Root) -> tuple[Recipe, DataSource]:
    """Recipe and data of the package; raise ``PackageError`` where it lacks one."""
    if not isinstance(manifest.recipe, Recipe):
        raise PackageError(
            "this package has no recipe: the model was trained elsewhere",
            "only a package built from a [recipe] can be replayed",
        )
    if not isinstance(manifest.data, DataSource):
        raise PackageError("this package names no data to train on", "build it again with [data]")
    if not root.source.is_dir() or not any(root.source.iterdir()):
        raise PackageError(
            f"expected the training data in {root.source}, got nothing there",
            "replay the companion image, or name the data: package replay REF --data PATH",
        )
    return manifest.recipe, manifest.data


def _damaged(manifest: Manifest, recipe: Recipe, checks: list[Check]) -> ReplayReport:
    return ReplayReport(
        rung="none",
        level=recipe.level,
        passed=False,
        checks=tuple(checks),
        environment_recorded=manifest.environment,
    )


def _compare(
    manifest: Manifest, recipe: Recipe, data: DataSource, root: Root, checks: list[Check], out: Path
) -> ReplayReport:
    job = _job(manifest, recipe, data)
    with tempfile.TemporaryDirectory(prefix="again-", dir=out) as name:
        folder = Path(name)
        result = _train_again(job, root, folder)
        fingerprint = sha256_file(folder / "fingerprint.json")
        recorded, now = _predict(manifest, job, root, result, folder)
    checks = [*checks, *_result_checks(manifest, data, result, fingerprint)]
    same = identical(recorded, now, manifest.task)
    # Equal answers measure equally: there a false claim about any metric shows.
    metrics = metric_checks(manifest.evaluation, result.evaluation, recipe.accept, every=same)
    accepted = all(check.ok for check in metrics.values())
    rung = _rung(result.model == manifest.model, same, accepted)
    if rung in ("artifact", "predictions"):
        checks.append(slices_check(manifest.evaluation, result.evaluation))
    # Metrics count on every rung: a false claim about a true model is still a false claim.
    sound = accepted and all(check.ok for check in checks)
    return ReplayReport(
        rung=rung,
        level=recipe.level,
        passed=sound and reaches(rung, recipe.level),
        checks=tuple(checks),
        metrics=metrics,
        rows=len(recorded.labels),
        label_flips=label_flips(recorded, now, manifest.task),
        largest_difference=largest_difference(recorded, now, manifest.task),
        environment_recorded=manifest.environment,
        environment_now=result.environment,
        environment_differences=_differences(manifest.environment, result.environment),
    )


def _job(manifest: Manifest, recipe: Recipe, data: DataSource) -> Job:
    """The job that the host gave when the package was built; its compiled form isn't made again:

    its files were just verified, and what it has to equal is the model that is compared.
    """
    return Job(
        task=manifest.task,
        serve=manifest.serve.model_copy(update={"compile": "off"}),
        slices_columns=tuple(manifest.slices.columns),
        slices_rules=manifest.slices.rules,
        recipe=recipe,
        target=data.target,
        exclude=data.exclude,
        split=data.split,
    )


def _train_again(job: Job, root: Root, folder: Path) -> TrainingResult:
    """Run ``job`` in a fresh process, exactly as at build time; its output goes to stderr."""
    (folder / "job.json").write_bytes(job.dump())
    command = [sys.executable, "-m", "packager.worker", "run", str(folder / "job.json")]
    environment = {**os.environ, "MODEL_ROOT": str(root.path)}
    ended = subprocess.run([*command, str(folder)], env=environment, stdout=2, check=False)
    if ended.returncode == 0:
        return TrainingResult.load(folder / "result.json")
    failure = folder / "error.json"
    if failure.exists():
        error = json.loads(failure.read_bytes())
        raise PackageError(f"training again failed: {error['message']}", error["hint"])
    raise PackageError(
        f"training again ended with status {ended.returncode}",
        "a negative status is the signal that ended it: -9 where memory ran out",
    )


def _predict(
    manifest: Manifest, job: Job, root: Root, result: TrainingResult, folder: Path
) -> tuple[Predictions, Predictions]:
    """What the recorded model and the new one answer for the held-out rows."""
    features = [column.name for column in manifest.schema_.features]
    rows = prepare(read_source(root), job, root).test[features]
    recorded = load_model(root, manifest.serve, manifest.task)
    serve = manifest.serve.model_copy(update={"loader": result.loader})
    now = load_model_at(folder / "model" / "model", serve, manifest.task)
    with calling("the model"):
        return recorded.predict(rows), now.predict(rows)


def _result_checks(
    manifest: Manifest, data: DataSource, result: TrainingResult, fingerprint: str
) -> list[Check]:
    """What has to be equal whatever the rung: the data as read, and the schema."""
    pairs: list[tuple[str, Any, Any]] = [
        ("fingerprint", data.fingerprint, fingerprint),
        ("schema", sha256_bytes(manifest.schema_.dump()), sha256_bytes(result.schema_.dump())),
        ("reader options", _digest(data.options), _digest(result.options)),
        ("training rows", data.train_rows, result.train_rows),
        ("held-out rows", data.test_rows, result.test_rows),
    ]
    return [
        Check(name=name, expected=str(expected), actual=str(actual), ok=expected == actual)
        for name, expected, actual in pairs
    ]


def _digest(options: dict[str, Any]) -> str:
    return sha256_bytes(canonical_json(options))


def _rung(same_bytes: bool, same_predictions: bool, accepted: bool) -> Rung:
    if same_bytes:
        return "artifact"
    if same_predictions:
        return "predictions"
    return "metrics" if accepted else "none"


def _differences(recorded: NumericalEnvironment, now: NumericalEnvironment) -> tuple[str, ...]:
    """Names of the fields that differ."""
    before, after = recorded.model_dump(), now.model_dump()
    return tuple(name for name in before if before[name] != after[name])
