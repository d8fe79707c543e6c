"""``package predict``: predict a file of rows with a package or with a server."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

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
from packager.manifest.outputs import Output
from packager.progress import Progress
from packager.run.answer_cells import answer_cells
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
    found = (json.loads(line) for line in text.splitlines())
    return _as_csv(found, reference.manifest.schema_.outputs, exact=form == "csv-exact")


def predict_at(client: Client, source: Path, form: Format, progress: Progress) -> str:
    """As ``predict``, from a server; with feedback tokens if the server returns them."""
    manifest = client.package()
    rows = _rows(source, manifest, progress)
    progress.step(f"predicting {len(rows)} rows at {client.url}")
    answers = [_as_answer(one) for one in client.predict(rows)]
    if form != "jsonl":
        return _as_csv(answers, manifest.schema_.outputs, exact=form == "csv-exact")
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


def _as_csv(
    answers: Iterable[dict[str, Any]], outputs: Sequence[Output] = (), *, exact: bool = False
) -> str:
    """One line per row: the cells of ``answer_cells``, flags joined by ``;``, and the token.

    The answers of ``outputs`` follow it in JSON: labels are sent with them.

    Unless ``exact``, text that a spreadsheet would run as a formula is escaped.
    """
    rows = []
    for answer in answers:
        row = answer_cells(answer, outputs)
        row["flags"] = ";".join(answer.get("flags", ()))
        if "token" in answer:
            row["token"] = answer["token"]
            row |= {"answer": canonical_json(answer["prediction"]).decode()} if outputs else {}
        rows.append(row)
    file = io.StringIO()
    if rows:
        names = list(rows[0])
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names if exact else map(escaped, names))
        for row in rows:
            cells = [row.get(name) for name in names]
            writer.writerow(cells if exact else map(escaped, cells))
    return file.getvalue()
