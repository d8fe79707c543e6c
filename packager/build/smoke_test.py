"""Smoke-test an image before export: its predictions must equal those of the new model.

The training environment has more packages than the served one, such as scikit-learn for metrics, so
a missing requirement shows only here. With an engine the image is started as in deployment, but
without a network; without an engine its layers are used in a process.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packager.digest import canonical_json
from packager.engine.containers import InspectionContainer
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.config import PORT, Image
from packager.image.export import load_into
from packager.image.runtime import VENV
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Base
from packager.progress import Progress
from packager.runners.runner import LocalWorker
from packager.runners.server_log import last_lines, startup_error

READY_SECONDS = 120.0
"""Default of ``--ready-seconds``, the time limit for an image to become ready."""
# Another number of threads than in training may change the last digits of a sum.
TOLERANCE = 1e-9
MAX_PART = 1 << 15
"""Maximum length of an argument in characters of up to four bytes."""
PYTHON = f"/{VENV}/bin/python"
PREDICT_SCRIPT = f"""
import sys, urllib.error, urllib.request
body = "".join(sys.argv[1:]).encode()
try:
    print(urllib.request.urlopen("http://127.0.0.1:{PORT}/predict", body).read().decode())
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode())
"""


@dataclass(frozen=True)
class AssembledPackage:
    """An image to export, and what is needed to start it."""

    image: Image
    base: Base | None
    platform: str
    engine: Engine | None


def smoke_test(ships: AssembledPackage, folder: Path, progress: Progress, seconds: float) -> None:
    """Predict rows of the data with the image; raise ``PackageError`` on errors or differences.

    ``seconds``: the time limit to become ready. For a package without data, the model only has to
    load.
    """
    recorded, engine = _recorded(folder), ships.engine
    if engine is None or ships.base is None:
        progress.warn(
            "no container: the image itself is not started, its layers are tested in a process"
        )
        _compare(_from_worker(ships, recorded, folder, progress, seconds), recorded)
        return
    trial = replace(ships.image, name=engine.temporary("smoke-test"))
    progress.step("sending layers to the engine")
    load_into(engine, trial, progress)
    try:
        smoke_test_in_engine(trial.name, engine, folder, progress, seconds)
    finally:
        engine.remove(trial.name)


def smoke_test_in_engine(
    reference: str, engine: Engine, folder: Path, progress: Progress, seconds: float
) -> None:
    """``smoke_test`` of an image in the engine: without network and capabilities, read-only."""
    recorded = _recorded(folder)
    progress.step("starting the image: no network, read-only, no capabilities")
    # Overrides a port that the template sets.
    with engine.sandbox(reference, {"MODEL_PORT": str(PORT)}) as sandbox:
        _wait_until_ready(sandbox, seconds)
        if not recorded.rows:
            return
        code, output = sandbox.run([PYTHON, "-c", PREDICT_SCRIPT, *_parts(_request_body(recorded))])
    if code != 0:
        raise PackageError("the started image can't predict rows of the data", output[-800:])
    try:
        predictions = json.loads(output)["predictions"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise PackageError(
            f"the started image: expected an answer in JSON, got {output[:200]!r}",
            "a file of the project may replace a module of Python, or print while it starts",
        ) from error
    _compare(predictions, recorded)


def _recorded(folder: Path) -> Golden:
    """Rows of the data and the new model's predictions; they stay on this machine."""
    path = folder / "out" / "smoke_test.json"
    return Golden.load(path) if path.is_file() else Golden(rows=(), expected=())


def _request_body(recorded: Golden) -> str:
    return canonical_json({"rows": recorded.rows}).decode()


def _parts(text: str) -> list[str]:
    """Split into arguments, which Linux limits to 128 KiB each."""
    return [text[at : at + MAX_PART] for at in range(0, len(text), MAX_PART)]


def _compare(answers: Sequence[Mapping[str, Any]], recorded: Golden) -> None:
    for number, (answer, expected) in enumerate(zip(answers, recorded.expected, strict=True)):
        if not equal_answers({name: answer.get(name) for name in expected}, expected):
            raise PackageError(
                f"held-out row {number}: expected {expected} as recorded, got {answer}",
                "the model predicts differently each time it is loaded: check its load and predict",
            )


def _wait_until_ready(sandbox: InspectionContainer, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not sandbox.alive():
            raise _end_error(sandbox.log())
        if sandbox.run([PYTHON, "-m", "serving.health"])[0] == 0:
            return
        time.sleep(0.2)
    raise PackageError(
        f"trained, but the image is not ready after {seconds:g} s",
        f"{_longer(seconds)}; the end of its log:\n{last_lines(sandbox.log())}",
    )


def _longer(seconds: float) -> str:
    return (
        f"raise the limit: add --ready-seconds {math.ceil(5 * seconds)} to the command, which "
        "reuses this training"
    )


def _end_error(log: str) -> PackageError:
    """The error for a server that ended: its own error and hint, or the end of its log."""
    error = startup_error(log)
    if error is not None:
        return PackageError(f"trained, but the image can't predict: {error.message}", error.hint)
    hint = (
        last_lines(log) or "it printed nothing: see the command it starts with (`docker inspect`)"
    )
    return PackageError("trained, but the image ends before it is ready", hint)


def _from_worker(
    ships: AssembledPackage, recorded: Golden, folder: Path, progress: Progress, seconds: float
) -> Sequence[Mapping[str, Any]]:
    """The predictions of a process on the image's layers, within ``seconds``."""
    output = folder / "smoke-test"
    output.mkdir()
    rows = b"".join(canonical_json(row) + b"\n" for row in recorded.rows)
    try:
        progress.step("smoke-testing the layers of the image")
        worker = LocalWorker(ships.image.layers, seconds=seconds)
        answers = worker.run("predict", {"rows.jsonl": rows}, output, progress)
    except TimeoutError as error:
        raise PackageError(
            f"trained, but the image has not predicted after {seconds:g} s", _longer(seconds)
        ) from error
    except PackageError as error:
        raise PackageError(
            f"trained, but the image can't predict: {error.message}",
            error.hint or "list everything the model imports in the requirements file",
        ) from error
    return [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]


def equal_answers(answer: Any, expected: Any) -> bool:
    """Whether two predictions agree: labels exactly, numbers within ``TOLERANCE``."""
    if isinstance(expected, Mapping):
        return (
            isinstance(answer, Mapping)
            and answer.keys() == expected.keys()
            and all(equal_answers(answer[name], value) for name, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(answer, list)
            and len(answer) == len(expected)
            and all(map(equal_answers, answer, expected))
        )
    if isinstance(expected, float) and isinstance(answer, (int, float)):
        return math.isclose(answer, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(answer == expected)
