"""Train again from what the package holds, and say how equal the result is.

Files first: what isn't what the manifest names is not run. Then the recipe in a fresh process,
just as at build time, and the ladder: model bytes, its state, answers on the held-out rows,
metrics within the accepted band, metrics within the spread of seeds.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.errors import PackageError
from packager.manifest import DataSource, Manifest, Recipe, Schema
from packager.noun import Rung
from packager.worker.again import train_again
from packager.worker.compare import accepted, metric_checks, slices_check
from packager.worker.dataset import prepare
from packager.worker.integrity import MANIFEST, verify
from packager.worker.job import Ask, Job, TrainingResult
from packager.worker.likeness import Trained, likeness, rung_of
from packager.worker.model import load_model, load_model_at
from packager.worker.passing import Window
from packager.worker.paths import Root
from packager.worker.perturb import perturb
from packager.worker.report import LADDER, Check, Likeness, ReplayReport, reaches
from packager.worker.slips import find_slips
from packager.worker.source import read_source
from packager.worker.spread import intervals, within_spread
from packager.worker.surroundings import environment_differences


def replay(root: Root, ask: Ask, out: Path) -> ReplayReport:
    """Replay the package below ``root``; write ``out``/report.json.

    A replay that doesn't reach its level is a report, not an error. Raise ``PackageError`` where
    there is nothing to replay, or training itself fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    manifest = Manifest.load(root.package / MANIFEST)
    recipe, data = _replayable(manifest, root)
    checks = verify(manifest, root)
    if all(check.ok for check in checks):
        report = _compare(manifest, recipe, data, root, checks, ask, out)
    else:
        report = _damaged(manifest, checks)
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


def _damaged(manifest: Manifest, checks: list[Check]) -> ReplayReport:
    return ReplayReport(
        rung="none",
        level=manifest.level,
        claimed=_claimed(manifest),
        passed=False,
        checks=tuple(checks),
        environment_recorded=manifest.environment,
    )


def _compare(
    manifest: Manifest,
    recipe: Recipe,
    data: DataSource,
    root: Root,
    checks: list[Check],
    ask: Ask,
    out: Path,
) -> ReplayReport:
    job = _job(manifest, recipe, data)
    perturbed = perturb(job, recipe, ask, data.train_rows)
    with tempfile.TemporaryDirectory(prefix="again-", dir=out) as name:
        began = time.time()
        folder = train_again("run", perturbed.job, root, Path(name))
        window = (began, time.time())
        result = TrainingResult.load(folder / "result.json")
        fingerprint = sha256_file(folder / "fingerprint.json")
        now = _trained(manifest, result, folder, window)
        found = _likeness(manifest, job, root, now)
    checks = [*checks, *_result_checks(manifest, data, result, fingerprint)]
    # Equal answers measure equally: there a false claim about any metric shows.
    metrics = metric_checks(
        manifest.evaluation, result.evaluation, recipe.accept, every=found.bit_equal
    )
    agreed = accepted(metrics)
    statistical = within_spread(manifest.spread, result.evaluation, recipe.accept)
    rung = rung_of(found, metrics=agreed, statistical=statistical)
    if found.bit_equal:
        checks.append(slices_check(manifest.evaluation, result.evaluation))
    # Metrics count on every rung: a false claim about a true model is still a false claim.
    # But where a repeat reached no rung at the build, they are known to differ by chance.
    judged = agreed or rung == "statistical" or manifest.level == "none"
    sound = judged and all(check.ok for check in checks)
    return ReplayReport(
        rung=rung,
        level=manifest.level,
        claimed=_claimed(manifest),
        observed=manifest.observed.rung if manifest.observed else None,
        passed=_noticed(rung, manifest)
        if perturbed.what
        else sound and reaches(rung, manifest.level),
        perturbed=perturbed.what,
        checks=tuple(checks),
        metrics=metrics,
        intervals=intervals(manifest.spread),
        likeness=found,
        slips=() if rung == "artifact" or perturbed.what else find_slips(root.code),
        environment_recorded=manifest.environment,
        environment_now=result.environment,
        environment_differences=environment_differences(manifest.environment, result.environment),
    )


def _claimed(manifest: Manifest) -> bool:
    return isinstance(manifest.recipe, Recipe) and manifest.recipe.level is not None


def _noticed(rung: Rung, manifest: Manifest) -> bool:
    """Whether a change on purpose came out lower than a repeat without one."""
    usual = manifest.observed.rung if manifest.observed else manifest.level
    return LADDER.index(rung) > LADDER.index(usual)


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
        include=data.include,
        train_only=data.train_only,
        personal=data.personal,
        not_personal=data.not_personal,
        reader=data.reader,
        split=data.split,
    )


def _trained(manifest: Manifest, result: TrainingResult, folder: Path, window: Window) -> Trained:
    """The model that was trained now."""
    serve = manifest.serve.model_copy(update={"loader": result.loader})
    model = load_model_at(folder / "model" / "model", serve, manifest.task)
    return Trained(result.model, model, window)


def _likeness(manifest: Manifest, job: Job, root: Root, now: Trained) -> Likeness:
    """How like the recorded model the new one is, asked about the held-out rows."""
    features = [column.name for column in manifest.schema_.features]
    rows = prepare(read_source(root, job.reader), job, root).test[features]
    recorded = Trained(manifest.model, load_model(root, manifest.serve, manifest.task))
    return likeness(recorded, now, rows)


def _result_checks(
    manifest: Manifest, data: DataSource, result: TrainingResult, fingerprint: str
) -> list[Check]:
    """What has to be equal whatever the rung: the data as read, and the schema."""
    pairs: list[tuple[str, Any, Any]] = [
        ("fingerprint", data.fingerprint, fingerprint),
        ("schema", _schema_digest(manifest.schema_), _schema_digest(result.schema_)),
        ("rows without a label", _digest(data.unlabelled), _digest(result.unlabelled)),
        ("training rows", data.train_rows, result.train_rows),
        ("held-out rows", data.test_rows, result.test_rows),
    ]
    return [
        Check(name=name, expected=str(expected), actual=str(actual), ok=expected == actual)
        for name, expected, actual in pairs
    ]


def _schema_digest(schema: Schema) -> str:
    """Of what the data says; what the model can't take is asked at a build only."""
    data = {"refuses": (), "fatal": ()}
    columns = tuple(column.model_copy(update=data) for column in schema.features)
    return sha256_bytes(schema.model_copy(update={"features": columns}).dump())


def _digest(options: dict[str, Any]) -> str:
    return sha256_bytes(canonical_json(options))
