"""The last look before an image is delivered: does what ships answer as the fresh model did?

Training has more around it than serving: scikit-learn to measure with, a reader for Parquet. A
requirement that the project forgot shows only here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from packager.digest import canonical_json
from packager.errors import PackageError
from packager.image.engine import Engine
from packager.image.layers import Layer
from packager.manifest import Base, Golden
from packager.progress import Progress
from packager.training import worker_on


def prove(
    layers: Sequence[Layer],
    base: Base | None,
    platform: str,
    engine: Engine | None,
    folder: Path,
    progress: Progress,
) -> None:
    """Load the model on the very layers that ship, and have it answer the golden rows again.

    Raises ``PackageError`` if it can't be loaded there or answers otherwise.
    """
    recorded = folder / "package" / "golden.json"
    golden = Golden.load(recorded) if recorded.is_file() else Golden(rows=(), answers=())
    output = folder / "proof"
    output.mkdir()
    asked = canonical_json({"rows": golden.rows})
    try:
        with worker_on(layers, base, platform, engine, progress) as worker:
            progress.step("proving that what ships answers as recorded")
            answers = worker.run("predict", {"rows.json": asked}, output, progress)
    except PackageError as error:
        raise PackageError(
            f"trained, but what ships can't answer: {error.message}",
            error.hint or "list everything the model imports in the requirements file",
        ) from error
    lines = answers.read_text(encoding="utf-8").splitlines()
    for number, (line, expected) in enumerate(zip(lines, golden.answers, strict=True)):
        answer = json.loads(line)
        found = {name: answer[name] for name in expected}
        if found != expected:
            raise PackageError(
                f"golden row {number}: expected {expected} as recorded, got {found}",
                "the model answers differently each time it is loaded: check its load and predict",
            )
