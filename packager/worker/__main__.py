"""``python -m packager.worker``: the command line of the worker in the locked environment.

    run JOB OUT        train and measure; OUT/{result,fingerprint,profile,…}.json, OUT/model
    baseline JOB OUT   measure the held-out rows for another [test]; OUT/baseline.json, weak.json,
                       attribution.json
    seeds JOB OUT      train with several seeds; OUT/seed_variance.json
    check JOB OUT      check the data quality; OUT/check.json
    folds JOB OUT      cross-validate the default model on the rows that ``check`` gives it;
                       OUT/folds.npz
    replay ASK OUT     retrain and compare; OUT/report.json
    flow JOB OUT       compare a solution's answers with the recorded ones; OUT/flow.json
    test JOB OUT       test the package on the rows in /data/new; OUT/report.json
    timed JOB OUT      measure processor time on the rows in /data/new; OUT/timed.json
    release JOB OUT    run a solution with members of another release; OUT/release.bin
    cases ASK OUT      judge the package's cases on the held-out rows; OUT/cases.json

    replay [CHANGE]    replay by hand, with only the image: prints the report; CHANGE is seed,
                       row or param; report.json is in the folder ``replay`` of the temporary folder
    test               test by hand on the rows in /data/new: prints the report, which is in the
                       folder ``test`` of the temporary folder too; exit code 1 if it failed

Exit codes: 0 success (of a replay: it passed), 1 failure, 2 invalid input. A failure is written to
OUT/error.json (message, hint, exit_code). The caller, or the image, sets MODEL_ROOT,
MODEL_ISOLATION, PYTHONPATH and the working directory, which is the project's code. The worker sets
the other variables itself.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from modelhost.collection import rare_collections
from modelhost.sandbox.file_access import restrict_file_access
from modelhost.sandbox.network import block_network
from packager.digest import canonical_json
from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Manifest, Recipe
from packager.model.model_environment import installed_folders
from packager.model.paths import Root
from packager.worker.job import (
    CheckJob,
    DataTestJob,
    FoldsJob,
    Job,
    ReplayRequest,
    SeedSweepJob,
)
from packager.worker.processes.child_process import end_if_child
from packager.worker.processes.environment import pin_environment

VERBS = (
    *("run", "baseline", "seeds", "check", "folds", "replay", "flow", "test", "timed", "cases"),
    "release",
)
USAGE = f"python -m packager.worker {'|'.join(VERBS)} JOB OUT | replay [seed|row|param]"


def main(arguments: Sequence[str]) -> int:
    """Run the command in ``arguments``; return the exit code."""
    match arguments:
        case ["replay"] | ["replay", "seed" | "row" | "param"]:
            return _replay_from_image(arguments)
        case ["test"]:
            return _test_from_image(arguments)
        case [verb, _, out] if verb in VERBS:
            folder = Path(out)
        case _:
            sys.stderr.write(f"usage: {USAGE}\n")
            return UsageError.exit_code
    verb, job_file, out = arguments
    try:
        passed = _do(verb, Path(job_file), Path(out), arguments)
    except PackageError as error:
        _report(error, folder)
        return error.exit_code
    return 0 if passed else PackageError.exit_code


def _replay_from_image(arguments: Sequence[str]) -> int:
    """Replay with only the image, and print the report; return the exit code."""
    from packager.worker.replay.report import ReplayReport
    from packager.worker.replay.report_text import as_text

    out = Path(tempfile.gettempdir()) / "replay"
    out.mkdir(exist_ok=True)
    ask = ReplayRequest.model_validate({"perturb": (*arguments, "none")[1]})
    (out / "request.json").write_bytes(ask.dump())
    try:
        passed = _do("replay", out / "request.json", out, arguments)
    except PackageError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    sys.stdout.write(f"{as_text(ReplayReport.load(out / 'report.json'))}\n")
    return 0 if passed else PackageError.exit_code


def _test_from_image(arguments: Sequence[str]) -> int:
    """Test on the rows below ``/data/new``, and print the report; return the exit code."""
    from packager.worker.test.report import DataTestReport

    out = Path(tempfile.gettempdir()) / "test"
    out.mkdir(exist_ok=True)
    (out / "test.json").write_bytes(DataTestJob().dump())
    try:
        _do("test", out / "test.json", out, arguments)
    except PackageError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return PackageError.exit_code
    report = DataTestReport.load(out / "report.json")
    bad = [check for check in report.checks if check.verdict in ("failed", "warned")]
    lines = [f"{check.family}: {check.verdict}: {check.why}" for check in bad]
    sys.stdout.write("\n".join([*lines, report.sentence, str(out / "report.json")]) + "\n")
    return 0 if report.passed else PackageError.exit_code


def _do(verb: str, job: Path, out: Path, arguments: Sequence[str]) -> bool:
    """Run ``verb``; False for a replay that did not pass. ``arguments`` are this process's."""
    end_if_child()
    root = Root.from_environment()
    # Before the libraries are imported, so that none of them uses the network while loading.
    block_network("the worker")
    recipe = _recipe(verb, job, root)
    if verb != "folds":  # a step of another verb, whose process has pinned it
        pin_environment(recipe.isa if recipe else "native", arguments)
    training = recipe is not None and verb not in ("replay", "baseline")
    out.mkdir(parents=True, exist_ok=True)  # before file access is restricted
    # The processes of the model host inherit the restriction.
    readable = installed_folders()
    restrict_file_access(root.path, out, job, readable=readable, training=training)
    with rare_collections():
        from modelhost.frames import keep_text_plain

        keep_text_plain()
        work = _imported(verb, job, root, out)
    return work() is not False


def _imported(verb: str, job: Path, root: Root, out: Path) -> Callable[[], object]:
    """The work of ``verb``, which returns False for a replay that did not pass.

    Imports what it needs, in this process, which is confined now.
    """
    match verb:
        case "run":
            from packager.worker.train_job import run

            return partial(run, Job.load(job), root, out)
        case "baseline":
            from packager.worker.test.measure_again import measure_again

            return partial(measure_again, Job.load(job), root, out)
        case "seeds":
            from packager.worker.seeds import train_seeds

            return partial(train_seeds, SeedSweepJob.load(job), root, out)
        case "check":
            from packager.worker.check_data import check

            return partial(check, CheckJob.load(job), root, out)
        case "folds":
            from packager.worker.train.out_of_fold import predict_folds

            return partial(predict_folds, FoldsJob.load(job), out)
    return _of_a_package(verb, job, root, out)


def _of_a_package(verb: str, job: Path, root: Root, out: Path) -> Callable[[], object]:
    """``_imported`` of the verbs that need a built package."""
    match verb:
        case "test":
            from packager.worker.test.run import run_test

            return partial(run_test, DataTestJob.load(job), root, out)
        case "timed":
            from packager.worker.test.timed import measure_rows

            return partial(measure_rows, DataTestJob.load(job), root, out)
        case "cases":
            from packager.worker.test.cases.at_build import judge_held_out

            return partial(judge_held_out, root, out)
        case "release":
            from packager.worker.test.release_messages import ReleaseJob
            from packager.worker.test.release_runs import run_release

            return partial(run_release, ReleaseJob.load(job), root, out)
        case "flow":
            from packager.worker.replay.flow import replay_flow

            return partial(replay_flow, root, out)
    from packager.worker.replay.replay import replay

    asked = ReplayRequest.load(job)
    return lambda: replay(root, asked, out).passed


def _recipe(verb: str, job: Path, root: Root) -> Recipe | None:
    """The recipe of the job or of the package; None if the verb trains nothing."""
    match verb:
        case "run" | "baseline":
            recipe = Job.load(job).recipe
        case "seeds":
            recipe = SeedSweepJob.load(job).job.recipe
        case "replay":
            recipe = Manifest.load(root.package / "manifest.json").recipe
        case _:
            return None
    return recipe if isinstance(recipe, Recipe) else None


def _report(error: PackageError, folder: Path) -> None:
    """Write ``error`` to ``folder``/error.json; the host reads and prints it."""
    content = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "error.json").write_bytes(canonical_json(content))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
