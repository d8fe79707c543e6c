"""``python -m packager.worker``: what runs inside the locked environment.

    run JOB OUT        train and measure; OUT/{result,fingerprint,profile,golden}.json, OUT/model
    replay OUT         train again and compare; OUT/report.json
    check JOB OUT      look for dirt in the data; OUT/check.json
    predict IN OUT     answer the rows of a file; OUT is a file of JSON lines

Exit 0 when it is done (and a replay passed), else 1, or 2 where the user's input can't be used.
What went wrong is in error.json (message, hint, exit_code) in the folder OUT, or beside the file
OUT. Whoever starts it sets the environment (MODEL_ROOT, MODEL_ISOLATION, PYTHONPATH,
PYTHONHASHSEED, the number of threads) and the working directory, which is the project's code.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from packager.digest import canonical_json
from packager.errors import PackageError, UsageError
from packager.worker.isolation import refuse_network
from packager.worker.job import CheckJob, Job
from packager.worker.paths import Root

USAGE = "python -m packager.worker run|check JOB OUT | replay OUT | predict IN OUT"


def main(arguments: Sequence[str]) -> int:
    """Do what ``arguments`` ask for; return the exit code."""
    match arguments:
        case ["run" | "check", _, out] | ["replay", out]:
            folder = Path(out)
        case ["predict", _, out]:
            folder = Path(out).parent
        case _:
            sys.stderr.write(f"usage: {USAGE}\n")
            return UsageError.exit_code
    try:
        return _do(arguments, Root.from_environment())
    except PackageError as error:
        _report(error, folder)
        return error.exit_code


def _do(arguments: Sequence[str], root: Root) -> int:
    # The network goes before the libraries come: none of them may use it while loading either.
    refuse_network("the model" if arguments[0] == "predict" else "the recipe")
    from packager.data.frames import keep_text_plain

    keep_text_plain()
    match arguments:
        case ["run", job, out]:
            from packager.worker.run import run

            run(Job.load(Path(job)), root, Path(out))
            return 0
        case ["check", job, out]:
            from packager.worker.check import check

            check(CheckJob.load(Path(job)), root, Path(out))
            return 0
        case ["replay", out]:
            from packager.worker.replay import replay

            return 0 if replay(root, Path(out)).passed else PackageError.exit_code
        case ["predict", source, out]:
            from packager.worker.predict import predict

            predict(root, Path(source), Path(out))
            return 0
    raise UsageError(f"expected other arguments, got {' '.join(arguments)}", USAGE)


def _report(error: PackageError, folder: Path) -> None:
    """Leave ``error`` where the host looks for it; the host is who says it."""
    content = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "error.json").write_bytes(canonical_json(content))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
