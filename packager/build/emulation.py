"""Proves images for other platforms under emulation, where this machine has an emulator.

The model must answer as on the platform that trained it, and the compiled form as the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modelhost.columns import ColumnSpec
from packager.build.context import BuildContext
from packager.build.manifest import write_manifest
from packager.build.smoke_test import equal_answers
from packager.cache import atomic_file, cache_directory, touch
from packager.data.rows.request_rows import RowChecker, RowError
from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.image.config import Image
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest
from packager.model.compiled.agreement import RowAnswer, answers_agree
from packager.model.compiled.form import read
from packager.model.compiled.model import FOLDER, needs_model
from packager.model.hosted import load_header
from packager.model.paths import Root
from packager.model.predictions import Predictions, flagged_answers
from packager.model.proof_rows import FILE as PROOF
from packager.model.proof_rows import ProofRows
from packager.runners.emulator import EmulatedImage, emulated, find_emulator

Images = Mapping[str, tuple[Image, ...]]


def prove_elsewhere(
    context: BuildContext, manifest: Manifest, assembled: Callable[[Manifest], Images]
) -> tuple[Manifest, Images]:
    """The manifest with what is proved on other platforms, and the images of all.

    ``assembled`` makes them. A platform without an emulator, or whose answers differ, is not
    proved: its servers compare at their start.
    """
    images = assembled(manifest)
    proved = [
        other.platform for other in context.others if _proved(other, context, manifest, images)
    ]
    if not proved:
        return manifest, images
    named = {
        name: one.model_copy(update={"proved_on": "emulation"}) if name in proved else one
        for name, one in manifest.platforms.items()
    }
    final = manifest.model_copy(update={"platforms": named})
    write_manifest(final, context)
    return final, assembled(final)


def _proved(other: BuildContext, context: BuildContext, manifest: Manifest, images: Images) -> bool:
    progress, platform = context.progress, other.platform
    unproved = f"{platform} is not proved: a server of it compares the compiled form at its start"
    if find_emulator(platform) is None:
        progress.warn(f"no emulator for {platform} is here (Debian: qemu-user-static); {unproved}")
        return False
    image, base = images[platform][0], other.environment.base
    # Equal images give equal answers, so a proof holds for the image's digest.
    known = cache_directory("proofs") / sha256_bytes(image.config)
    if known.is_file() and not context.fresh:
        touch(known)
        return True
    assert base is not None
    environment = context.environment
    engine = environment.engine if environment.isolation == "container" else None
    progress.step(f"comparing answers of the image for {platform} under emulation")
    try:
        with emulated(image, base, (context.platform, engine), progress) as tree:
            comparison = compared(_rows(context), manifest, tree, context)
    except PackageError as error:
        progress.warn(f"{error.message}; {unproved}")
        return False
    progress.step(f"{platform}: {comparison}")
    with atomic_file(known) as file:
        file.touch()
    return True


@dataclass(frozen=True)
class _Rows:
    """Rows of features, as requests have them."""

    rows: tuple[dict[str, Any], ...]
    expected: tuple[dict[str, Any], ...]
    """The model's answers to the first of them on the platform that trained it."""


def _rows(context: BuildContext) -> _Rows:
    """Held-out and golden rows with the model's answers, then edge rows of the compiled form."""
    out = context.folder / "out"
    paths = (out / "smoke_test.json", out / "golden.json")
    known = [Golden.load(path) for path in paths if path.is_file()]
    proof_rows = ProofRows.load(out / PROOF) if (out / PROOF).is_file() else ProofRows()
    answered = [row for one in known for row in one.rows]
    return _Rows(
        (*answered, *proof_rows.rows), tuple(answer for one in known for answer in one.expected)
    )


def compared(
    answered: _Rows, manifest: Manifest, tree: EmulatedImage, context: BuildContext
) -> str:
    """Comparison of the answers; raises ``PackageError`` for one that differs."""
    if not answered.rows:
        raise PackageError("under emulation: expected rows of the data, got none")
    schema, rows = manifest.schema_, _in_one_request(answered, RowChecker(manifest.schema_))
    checked = RowChecker(schema).check(rows)
    columns = [list(column) for column in checked.columns[: len(schema.features)]]
    document = tree.answers("model", _requests(manifest, columns, len(rows), tree.root))
    native = _predictions(document)
    answers = flagged_answers(native, schema.probability_classes, checked.flags)
    largest = 0.0
    for number, (answer, expected) in enumerate(zip(answers, answered.expected, strict=False)):
        got = {name: answer.get(name) for name in expected}
        if not equal_answers(got, expected):
            raise PackageError(
                f"under emulation, row {number}: expected {expected} as on {context.platform}, "
                f"got {got}",
                "the model's libraries compute otherwise on that processor",
            )
        largest = max(largest, _difference(got, expected))
    comparison = (
        f"{len(answered.expected)} answers of the model equal, largest difference {largest:.3g}"
    )
    if manifest.compiled.verdict != "equal":
        return comparison
    count = _compiled(rows, manifest, native, tree, context)
    return f"{comparison}; the compiled form equal to it on {count} rows"


def _in_one_request(answered: _Rows, checker: RowChecker) -> list[dict[str, Any]]:
    """The rows, without those edge rows that a request with the nulls of others would refuse.

    An integer beyond 2^53 is refused in a request in which another row has no value there.
    """
    rows, count = [*answered.rows], len(answered.expected)
    probe = {
        name: None if any(row.get(name) is None for row in rows) else value
        for name, value in rows[0].items()
    }

    def fits(row: dict[str, Any]) -> bool:
        try:
            checker.check([probe, row])
        except RowError:
            return False
        return True

    return [*rows[:count], *filter(fits, rows[count:])]


def _compiled(
    rows: list[dict[str, Any]],
    manifest: Manifest,
    native: Predictions,
    tree: EmulatedImage,
    context: BuildContext,
) -> int:
    """The number of rows that the compiled form answers, all as the model does."""
    form, _ = read(context.folder / "out" / FOLDER)
    if needs_model(form):
        raise PackageError(
            "under emulation: the compiled form calls parts of the model, which is not compared"
        )
    document = tree.answers("compiled", {"rows": rows})
    own = _predictions(document)
    inside = [number for number, one in enumerate(document["inside"]) if one]
    for number in inside:
        expected, got = _answer(native, number), _answer(own, number)
        if not answers_agree(manifest, expected, got):
            raise PackageError(
                f"under emulation, row {number}: expected {expected} of the compiled form, as of "
                f"the model, got {got}"
            )
    if not inside:
        raise PackageError("under emulation: no row is in the domain of the compiled form")
    return len(inside)


def _requests(manifest: Manifest, columns: list[list[Any]], rows: int, root: str) -> dict[str, Any]:
    """The requests to the model host."""
    serve, specs = manifest.serve, [ColumnSpec.of(feature) for feature in manifest.schema_.features]
    header = load_header(Root(Path(root)).model, serve, manifest.task)
    load = {**header, "specs": [spec.as_json() for spec in specs]}
    return {"load": load, "ask": {"verb": "ask", "model": 0, "rows": rows, "values": columns}}


def _predictions(answers: Mapping[str, Any]) -> Predictions:
    chances = answers["probabilities"]
    return Predictions(answers["labels"], None if chances is None else np.asarray(chances, float))


def _answer(predictions: Predictions, row: int) -> RowAnswer:
    chances = predictions.probabilities
    return predictions.labels[row], None if chances is None else chances[row].tolist()


def _difference(got: Any, expected: Any) -> float:
    """The largest difference of two numbers in two answers of one form."""
    if isinstance(expected, Mapping):
        return max((_difference(got[name], one) for name, one in expected.items()), default=0.0)
    if isinstance(expected, list):
        return max(map(_difference, got, expected), default=0.0)
    both = isinstance(got, float) and isinstance(expected, float)
    return abs(got - expected) if both else 0.0
