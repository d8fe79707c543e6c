"""The last look before an image is delivered: does what ships answer as the fresh model did?

Training has more around it than serving: scikit-learn to measure with, a reader for Parquet. A
requirement that the project forgot shows only here. With an engine the image is started as it will
be deployed, but for the network; without one its layers answer in a process.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from packager.digest import canonical_json
from packager.errors import PackageError
from packager.image.assemble import PORT, Image
from packager.image.containers import Sandbox
from packager.image.engine import Engine
from packager.image.outputs import load_into
from packager.image.wheels import VENV
from packager.manifest import Base
from packager.progress import Progress
from packager.results import Golden
from packager.runners.server_log import last_lines, own_error
from packager.training import worker_on

READY_SECONDS = 120
# Other thread counts than at training may move the last digits of a sum.
TOLERANCE = 1e-9
PYTHON = f"/{VENV}/bin/python"
ASK = f"""
import json, urllib.request
rows = json.load(open("/package/golden.json"))["rows"]
body = json.dumps({{"rows": rows}}).encode()
print(urllib.request.urlopen("http://127.0.0.1:{PORT}/predict", body).read().decode())
"""


def prove(
    image: Image,
    base: Base | None,
    platform: str,
    engine: Engine | None,
    folder: Path,
    progress: Progress,
) -> None:
    """Have ``image`` answer its golden rows; ``PackageError`` if it can't or answers otherwise.

    A package without data has no golden rows: there its model has to load.
    """
    golden = _recorded(folder)
    if engine is None or base is None:
        progress.warn("no container: the image itself is not started, its layers answer instead")
        _compare(_from_worker(image, base, platform, golden, folder, progress), golden)
        return
    trial = replace(image, name=engine.temporary("proof"))
    progress.step("sending layers to the engine")
    load_into(engine, trial, progress)
    try:
        prove_started(trial.name, engine, folder, progress)
    finally:
        engine.remove(trial.name)


def prove_started(reference: str, engine: Engine, folder: Path, progress: Progress) -> None:
    """As ``prove``, of an image the engine holds: no network, read-only, no capabilities."""
    golden = _recorded(folder)
    progress.step("starting the image: no network, read-only, no capabilities")
    # A template's own PORT must not decide where we ask.
    with engine.sandbox(reference, {"MODEL_PORT": str(PORT)}) as sandbox:
        _wait_until_ready(sandbox)
        if not golden.rows:
            return
        code, said = sandbox.run([PYTHON, "-c", ASK])
    if code != 0:
        raise PackageError("the started image can't answer its golden rows", said[-800:])
    _compare(json.loads(said)["predictions"], golden)


def _recorded(folder: Path) -> Golden:
    path = folder / "package" / "golden.json"
    return Golden.load(path) if path.is_file() else Golden(rows=(), answers=())


def _compare(answers: Sequence[Mapping[str, Any]], golden: Golden) -> None:
    for number, (answer, expected) in enumerate(zip(answers, golden.answers, strict=True)):
        if not _equal({name: answer.get(name) for name in expected}, expected):
            raise PackageError(
                f"golden row {number}: expected {expected} as recorded, got {answer}",
                "the model answers differently each time it is loaded: check its load and predict",
            )


def _wait_until_ready(sandbox: Sandbox) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if not sandbox.alive():
            raise _told(sandbox.log())
        if sandbox.run([PYTHON, "-m", "serving.health"])[0] == 0:
            return
        time.sleep(0.2)
    raise PackageError(
        f"trained, but the image is not ready after {READY_SECONDS} s", last_lines(sandbox.log())
    )


def _told(log: str) -> PackageError:
    """What a server that ended says of it: its own error and hint, or the end of its log."""
    found = own_error(log)
    if found is not None:
        return PackageError(f"trained, but what ships can't answer: {found.message}", found.hint)
    hint = last_lines(log) or "it said nothing: see the command it starts with (`docker inspect`)"
    return PackageError("trained, but the image ends before it is ready", hint)


def _from_worker(
    image: Image,
    base: Base | None,
    platform: str,
    golden: Golden,
    folder: Path,
    progress: Progress,
) -> Sequence[Mapping[str, Any]]:
    """The answers of a process on the image's layers."""
    output = folder / "proof"
    output.mkdir()
    asked = canonical_json({"rows": golden.rows})
    try:
        with worker_on(image.layers, base, platform, None, progress) as worker:
            progress.step("proving that what ships answers as recorded")
            answers = worker.run("predict", {"rows.json": asked}, output, progress)
    except PackageError as error:
        raise PackageError(
            f"trained, but what ships can't answer: {error.message}",
            error.hint or "list everything the model imports in the requirements file",
        ) from error
    return [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]


def _equal(answer: Any, expected: Any) -> bool:
    """Whether two answers agree: labels exactly, numbers within ``TOLERANCE``."""
    if isinstance(expected, Mapping):
        return (
            isinstance(answer, Mapping)
            and answer.keys() == expected.keys()
            and all(_equal(answer[name], value) for name, value in expected.items())
        )
    if isinstance(expected, float) and isinstance(answer, (int, float)):
        return math.isclose(answer, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(answer == expected)
