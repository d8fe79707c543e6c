"""``python -m serving``: start BentoML with this package's workers, and nothing sent home."""

from __future__ import annotations

import logging
import os
import runpy
import sys
import tempfile
from pathlib import Path

from packager.errors import PackageError
from packager.manifest import Manifest
from packager.worker.integrity import check_before_loading
from serving import live, logs, output, state, supervision
from serving.access import Keys
from serving.settings import Settings


def main() -> int:
    """Serve until a signal comes; the exit code."""
    try:
        settings = Settings.from_environment()
        manifest = Manifest.load(settings.root.package / "manifest.json")
        check_before_loading(manifest, settings.root)
        if settings.keys_file is not None:
            Keys(settings.keys_file)  # here, so that a bad file is an error before anything starts
        _share_processors(settings.workers or manifest.serve.workers)
        return _supervise(settings, manifest)
    except PackageError as error:
        logs.say(logging.ERROR, error.message, hint=error.hint)
        return error.exit_code


def _share_processors(workers: int) -> None:
    """Give each worker its part of the processors: threads that race for them all slow down."""
    threads = str(max(1, len(os.sched_getaffinity(0)) // workers))
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, threads)


def _supervise(settings: Settings, manifest: Manifest) -> int:
    """Run BentoML in this process, with a home of its own: it empties its metrics folder."""
    with tempfile.TemporaryDirectory(prefix="model-server-") as home:
        failure = supervision.expect_failures(Path(home))
        supervision.expect_workers(Path(home))
        for note in state.prepare(settings.feedback, manifest.name, Path(home)):
            logs.say(logging.INFO, note)
        os.environ.setdefault("BENTOML_HOME", home)
        os.environ["BENTOML_DO_NOT_TRACK"] = "True"
        wanted = settings.compiled_check > 0 and manifest.compiled.verdict == "equal"
        with live.checking(Path(home), wanted=wanted):
            code = _run_bentoml(settings)
        error = supervision.failure(failure)
    if error is not None:
        raise error
    return code


def _run_bentoml(settings: Settings) -> int:
    # Not imported here: that is slow, and its command line is what it promises to keep.
    sys.argv = ["bentoml", "serve", "serving.service:svc"]
    sys.argv += ["--host", settings.host, "--port", str(settings.port)]
    try:
        runpy.run_module("bentoml", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


if __name__ == "__main__":
    with output.json_lines():
        try:
            code = main()
        except Exception as error:
            fields = {"exception": logs.described(error)}
            logs.say(logging.CRITICAL, f"the server ends: {error}", **fields)
            code = 1
    sys.exit(code)
