"""``package replay``: retrain from the package alone, in isolation, and compare."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from packager.cache import temporary_directory
from packager.data.sources.listing import source_files
from packager.digest import Files, hash_files
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.layers import Layer, plain_layer
from packager.image.reference import Reference
from packager.image.stack import entries
from packager.manifest.manifest import DataSource, Lock, Manifest
from packager.model.integrity import IntegrityCheck
from packager.progress import Progress
from packager.run.replay_stage import ReplayStage, own_layers, regular_entries, same_model
from packager.runners.local import check_host
from packager.trust.contents import given_checks
from packager.trust.examine import Examination, examine
from packager.worker.job import ReplayRequest
from packager.worker.replay.repeat import repeated
from packager.worker.replay.report import ReplayReport, damaged

BY_BYTES = "checked here: this process compared bytes and loaded no model"
BY_WORKER = "a worker here that loaded both models and so ran code of the package"


def replay(
    reference: Reference,
    engine: Engine | None,
    progress: Progress,
    ask: ReplayRequest,
    *,
    data: Path | None = None,
) -> ReplayReport:
    """Replay a package with the options ``ask``; ``data`` is used if the package has none.

    The package is verified first. Training and comparison run with the runtime of this
    installation; the training has no access to the recorded model and the manifest. Raises
    ``PackageError`` if the package has no recipe, or its data is neither embedded nor given.
    """
    manifest = reference.manifest
    source = _check(manifest, data)
    progress.step("checking the package from outside")
    examined = examine(reference, engine)
    files = {} if data is None else given_files(data, source)
    checks = [*examined.checks, *(given_checks(files, source) if files else ())]
    if all(check.ok for check in checks):
        check_runnable(examined.lock, engine)
        report = repeat(examined, engine, progress, manifest, ask, files)
    else:
        report = damaged(manifest, ())
    verified = with_verification(report, checks, examined)
    return verified.model_copy(update={"root": manifest.root})


def repeat(
    examined: Examination,
    engine: Engine | None,
    progress: Progress,
    manifest: Manifest,
    ask: ReplayRequest,
    files: Files,
) -> ReplayReport:
    """Train the package of ``manifest`` again on the layers of ``examined``, and compare.

    ``files``: path below ``/data`` → file, if the layers lack the data.
    """
    # The second worker reuses the layers that the first one got.
    tidied = engine.cleanup_scope() if engine else nullcontext()
    with temporary_directory() as folder, tidied:
        extra: Sequence[Layer] = ()
        if files:
            extra = [plain_layer("data", folder / "data.tar", entries(files, "data"))]
        stage = ReplayStage(examined, engine, (*own_layers(examined, folder), *extra), progress)
        began = time.time()
        trained, isolation = _train(stage, manifest, ask, folder)
        window = (began, time.time())
        report = _compare(stage, ask.model_copy(update={"window": window}), trained, folder)
        report = report.model_copy(update={"isolation": isolation})
        equal = same_model(trained, manifest)
    return _confirmed(report, equal)


def _train(
    stage: ReplayStage, manifest: Manifest, ask: ReplayRequest, folder: Path
) -> tuple[Layer, dict[str, str]]:
    """Run the recipe; return its result as a layer at ``/retrained``, and the isolation."""
    out = folder / "trained"
    out.mkdir()
    stage.progress.step("training again, with the runtime of this installation")
    job = repeated(manifest, ask)[1].job
    with stage.worker() as worker:
        worker.run("run", {"job.json": job.dump()}, out, stage.progress)
        isolation = dict(worker.measures)
    entries = regular_entries(out, "retrained")
    return plain_layer("retrained", folder / "retrained.tar", entries), isolation


def _compare(stage: ReplayStage, ask: ReplayRequest, trained: Layer, folder: Path) -> ReplayReport:
    """Compare the models in a worker that has not run the recipe; return its report."""
    out = folder / "compared"
    out.mkdir()
    stage.progress.step("comparing, in a separate worker")
    with stage.worker(recorded=True, more=[trained]) as worker:
        done = worker.run("replay", {"request.json": ask.dump()}, out, stage.progress)
    return ReplayReport.load(done)


def _confirmed(report: ReplayReport, equal: bool) -> ReplayReport:
    """``report`` if it agrees with ``equal`` on the model's bytes, else a failed report.

    The worker has loaded both models, whose code could have manipulated it; this process, which
    loads no model, compared the bytes.
    """
    if report.comparison is None or report.comparison.artifact == equal:
        return report
    texts = {True: "the recorded bytes", False: "other bytes"}
    check = IntegrityCheck(
        name="model bytes, as reported by the worker",
        expected=texts[equal],
        actual=texts[not equal],
        ok=False,
    )
    changed = {"level": "none", "passed": False, "checks": (*report.checks, check)}
    return report.model_copy(update=changed)


def with_verification(
    report: ReplayReport, checks: Sequence[IntegrityCheck], examined: Examination
) -> ReplayReport:
    """``report`` with the checks of this installation, and what verified each part of it."""
    verified_by = examined.verified_by
    if report.comparison is not None:
        bytes_alone = report.level == "artifact"
        verified_by = {
            **verified_by,
            "level": BY_BYTES if bytes_alone else BY_WORKER,
            "metrics": BY_WORKER,
        }
    return report.model_copy(
        update={
            "checked_by": "this installation",
            "verified_by": verified_by,
            "checks": (*checks, *report.checks),
        }
    )


def check_runnable(lock: Lock, engine: Engine | None) -> None:
    """Raise ``PackageError`` if a package with ``lock`` can't be trained here."""
    if engine is None:
        check_host(lock.python, lock.platform)
    elif lock.base == "none":
        raise PackageError(
            "the package has no base (base: none), so no engine can run it",
            "run it with --local, or make a base with `package base` and build again",
        )


def _check(manifest: Manifest, data: Path | None) -> DataSource:
    if manifest.recipe == "none" or manifest.data == "none":
        raise PackageError(
            "recipe: none; this package holds a model trained elsewhere, so there is no training "
            "to replay",
            "package the training code with [recipe] to make it replayable",
        )
    embedded = manifest.data.embed != "none"
    if embedded and data is not None:
        raise UsageError("--data: the package holds its own data", "leave --data out")
    if not embedded and data is None:
        raise UsageError(
            "this package holds a pointer to its data, not the data (embed = none)",
            "name the data with --data; it is compared with the fingerprint",
        )
    return manifest.data


def given_files(data: Path, source: DataSource) -> Files:
    """Recorded path below ``/data`` → file given in place; ``given_checks`` verifies the contents.

    Raise ``UsageError`` for a different number of files or a missing held-out file.
    """
    paths = source_files(data, source.reader).all
    if len(paths) != len(source.files):
        raise UsageError(
            f"--data {data}: expected {len(source.files)} files, got {len(paths)}",
            "name the data the package was built from",
        )
    files = {f"source/{entry.path}": path for entry, path in zip(source.files, paths, strict=True)}
    if source.test_file is not None:
        held_out = data.parent / source.test_file.path
        if not held_out.is_file():
            raise UsageError(
                f"--data {data}: expected the held-out rows next to it at {held_out}, got nothing",
                "put the file that split.file names next to the data",
            )
        files[f"test/{source.test_file.path}"] = held_out
    return hash_files(files)
