"""``package predict``: predict a file of rows with a package or with a server."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from monitoring.metrics.class_labels import class_text
from packager.cache import temporary_directory
from packager.client import Client, Prediction
from packager.client.json_values import json_rows
from packager.data.row_files import given_columns, read_rows
from packager.data.rows.extra_columns import ExtraColumns
from packager.data.spreadsheet import escaped
from packager.digest import canonical_json
from packager.engine.engine import Engine
from packager.errors import UsageError
from packager.image.reference import Reference
from packager.manifest.manifest import Manifest
from packager.progress import Progress
from packager.runners.package import package_worker

Format = Literal["jsonl", "csv", "csv-exact"]
"""``csv`` is safe to open in a spreadsheet; ``csv-exact`` has every text unchanged."""
MAX_NAMED = 5


def predict(
    reference: Reference, source: Path, form: Format, engine: Engine | None, progress: Progress
) -> str:
    """The predictions of every row of ``source`` as text, in its order.

    Raises ``PackageError`` naming the first invalid row; then no row is predicted.
    """
    rows = _rows(source, reference.manifest, progress)
    asked = json.dumps({"rows": rows}, allow_nan=False).encode()
    with temporary_directory() as output:
        progress.step(f"predicting {len(rows)} rows")
        with package_worker(reference, engine, progress) as worker:
            answers = worker.run("predict", {"rows.json": asked}, output, progress)
        text = answers.read_text(encoding="utf-8")
    if form == "jsonl":
        return text
    return _as_csv((json.loads(line) for line in text.splitlines()), exact=form == "csv-exact")


def predict_at(client: Client, source: Path, form: Format, progress: Progress) -> str:
    """As ``predict``, from a server; with feedback tokens if the server returns them."""
    rows = _rows(source, client.package(), progress)
    progress.step(f"predicting {len(rows)} rows at {client.url}")
    answers = [_as_answer(one) for one in client.predict(rows)]
    if form != "jsonl":
        return _as_csv(answers, exact=form == "csv-exact")
    return "".join(f"{canonical_json(answer).decode()}\n" for answer in answers)


def _rows(source: Path, manifest: Manifest, progress: Progress) -> list[dict[str, Any]]:
    """The rows of a file as JSON values; unknown columns raise ``UsageError`` or are reported."""
    rows = read_rows(source, manifest.schema_, manifest.reader)
    table = source.suffix.lower() not in (".json", ".jsonl")
    names = (
        given_columns(source, manifest.schema_, manifest.reader)
        if table
        else [name for row in rows for name in row]
    )
    extra = ExtraColumns.of(manifest)
    columns = (*manifest.schema_.features, *manifest.schema_.extras)
    unknown = sorted(set(names) - {column.name for column in columns} - extra.passed_over)
    if unknown and extra.refuse:
        raise UsageError(
            f"{source}: expected only columns that the model knows, got {unknown[0]!r}",
            'leave it out; the package was built with extra_columns = "refuse" under [serve]',
        )
    if unknown:
        more = f" and {len(unknown) - MAX_NAMED} more" if len(unknown) > MAX_NAMED else ""
        named = ", ".join(map(repr, unknown[:MAX_NAMED]))
        progress.warn(
            f"{source.name}: columns that the model does not know: {named}{more}: ignored"
        )
    return json_rows(rows, {column.name: column.kind for column in manifest.schema_.features}.get)


def _as_answer(one: Prediction) -> dict[str, Any]:
    answer: dict[str, Any] = {"prediction": one.prediction, "flags": list(one.flags)}
    if one.probabilities is not None:
        answer["probabilities"] = one.probabilities
    return answer if one.token is None else {**answer, "token": one.token}


def _cell(answer: Any) -> str | None:
    """An answer as text; one that isn't one value as JSON."""
    if isinstance(answer, dict | list):
        return json.dumps(answer, ensure_ascii=False)
    return None if answer is None else class_text(answer)


def _as_csv(answers: Iterable[dict[str, Any]], *, exact: bool = False) -> str:
    """One line per row: prediction, a column per class probability, flags joined by ``;``.

    Unless ``exact``, text that a spreadsheet would run as a formula is escaped.
    """
    rows = []
    for answer in answers:
        label = answer["prediction"]
        row: dict[str, Any] = {"prediction": _cell(label)}
        for name, value in (answer.get("probabilities") or {}).items():
            parts = value if isinstance(value, dict) else {None: value}
            for one, chance in parts.items():
                row["probability " + (name if one is None else f"{name} {one}")] = chance
        row["flags"] = ";".join(answer.get("flags", ()))
        rows.append({**row, "token": answer["token"]} if "token" in answer else row)
    file = io.StringIO()
    if rows:
        names = list(rows[0])
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names if exact else map(escaped, names))
        for row in rows:
            cells = [row.get(name) for name in names]
            writer.writerow(cells if exact else map(escaped, cells))
    return file.getvalue()
