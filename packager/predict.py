"""``package predict``: answers for a file of rows, from a package itself or from a server."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from monitoring.classes import class_text
from packager.cache import work_folder
from packager.client import Client, Prediction
from packager.data.rowfiles import read_rows
from packager.digest import canonical_json
from packager.image.engine import Engine
from packager.image.reference import Reference
from packager.progress import Progress
from packager.training import on_package

Format = Literal["jsonl", "csv"]


def predict(
    reference: Reference, source: Path, form: Format, engine: Engine | None, progress: Progress
) -> str:
    """The answers to every row of ``source`` as text, in its order.

    Raises ``PackageError`` naming the first row that can't be taken; there is no answer then.
    """
    manifest = reference.manifest
    rows = read_rows(source, manifest.schema_, manifest.reader)
    asked = json.dumps({"rows": rows}, allow_nan=False).encode()
    with work_folder() as output:
        progress.step(f"predicting {len(rows)} rows")
        with on_package(reference, engine, progress) as worker:
            answers = worker.run("predict", {"rows.json": asked}, output, progress)
        text = answers.read_text(encoding="utf-8")
    return text if form == "jsonl" else _as_csv(json.loads(line) for line in text.splitlines())


def predict_at(client: Client, source: Path, form: Format, progress: Progress) -> str:
    """As ``predict``, from a server; with the tokens for feedback where it gives any."""
    manifest = client.package()
    rows = read_rows(source, manifest.schema_, manifest.reader)
    progress.step(f"predicting {len(rows)} rows at {client.url}")
    answers = [_as_answer(one) for one in client.predict(rows)]
    if form == "csv":
        return _as_csv(answers)
    return "".join(f"{canonical_json(answer).decode()}\n" for answer in answers)


def _as_answer(one: Prediction) -> dict[str, Any]:
    answer: dict[str, Any] = {"prediction": one.prediction, "flags": list(one.flags)}
    if one.probabilities is not None:
        answer["probabilities"] = one.probabilities
    return answer if one.token is None else {**answer, "token": one.token}


def _as_csv(answers: Iterable[dict[str, Any]]) -> str:
    """One line a row: prediction, a column per class probability, flags joined by ``;``."""
    rows = []
    for answer in answers:
        label = answer["prediction"]
        row = {"prediction": label if label is None else class_text(label)}
        chances = answer.get("probabilities") or {}
        row |= {f"probability {label}": value for label, value in chances.items()}
        row["flags"] = ";".join(answer.get("flags", ()))
        rows.append({**row, "token": answer["token"]} if "token" in answer else row)
    file = io.StringIO()
    if rows:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file.getvalue()
