"""``package predict``: predict a file of rows with a package or with a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from packager.cache import temporary_directory
from packager.client import Client, Prediction
from packager.client.json_values import json_rows
from packager.data.answer_cells import answer_cells
from packager.data.csv_writer import csv_writer
from packager.data.json_rows import json_blocks
from packager.data.known_columns import KnownColumns
from packager.data.row_files import given_columns, row_blocks
from packager.data.spreadsheet import escaped
from packager.digest import canonical_json
from packager.engine.engine import Engine
from packager.image.reference import Reference
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import Output
from packager.progress import Progress
from packager.runners.package import package_worker

Format = Literal["jsonl", "csv", "csv-exact"]
"""``csv`` is safe to open in a spreadsheet; ``csv-exact`` has every text unchanged."""


@contextmanager
def predict(
    reference: Reference, source: Path, engine: Engine | None, progress: Progress
) -> Iterator[Path]:
    """A file with the answer to each row of ``source``, a line of JSON each, in its order.

    Memory is bounded by a block of rows, as of ``row_blocks``. The file exists within the block.
    Raises ``PackageError`` naming the first row that can't be answered.
    """
    with temporary_directory() as folder:
        rows_file = folder / "rows.jsonl"
        rows = _write_rows(source, reference.manifest, rows_file, progress)
        progress.step(f"predicting {rows} rows")
        with package_worker(reference, engine, progress) as worker:
            yield worker.run("predict", {rows_file.name: rows_file}, folder / "out", progress)


@contextmanager
def predict_at(client: Client, source: Path, progress: Progress) -> Iterator[Path]:
    """As ``predict``, from a server; with feedback tokens if the server returns them."""
    manifest = client.package()
    with temporary_directory() as folder:
        rows_file, answers_file = folder / "rows.jsonl", folder / "answers.jsonl"
        rows = _write_rows(source, manifest, rows_file, progress)
        progress.step(f"predicting {rows} rows at {client.url}")
        first = 0
        with answers_file.open("wb") as file:
            for block in json_blocks(rows_file):
                for one in client.predict(block, first=first):
                    file.write(canonical_json(_as_answer(one)) + b"\n")
                first += len(block)
        yield answers_file


def all_answers(
    reference: Reference, source: Path, engine: Engine | None, progress: Progress
) -> list[dict[str, Any]]:
    """The answers of ``predict``, in memory."""
    with (
        predict(reference, source, engine, progress) as answers_file,
        answers_file.open("rb") as lines,
    ):
        return [json.loads(line) for line in lines]


def write_answers(
    answers_file: Path, form: Format, outputs: Sequence[Output], write: Callable[[str], object]
) -> None:
    """Write the answers of ``predict`` in parts, as ``form`` says."""
    with answers_file.open(encoding="utf-8", newline="\n") as lines:
        if form == "jsonl":
            for line in lines:
                write(line)
            return
        for text in csv_lines(map(json.loads, lines), outputs, exact=form == "csv-exact"):
            write(text)


def _write_rows(source: Path, manifest: Manifest, target: Path, progress: Progress) -> int:
    """Write the rows of ``source`` as JSON lines; return their number.

    Unknown columns raise ``UsageError`` or are reported.
    """
    table = source.suffix.lower() not in (".json", ".jsonl")
    known = KnownColumns(source.name, manifest)
    if table:
        known.add(given_columns(source, manifest.schema_, manifest.reader))
    kinds = {column.name: column.kind for column in manifest.schema_.features}
    count = 0
    with target.open("wb") as file:
        for block in row_blocks(source, manifest.schema_, manifest.reader):
            if not table:
                known.add(name for row in block for name in row)
            for row in json_rows(block, kinds.get, count):
                file.write(json.dumps(row, allow_nan=False).encode() + b"\n")
            count += len(block)
    warning = known.warning()
    if warning is not None:
        progress.warn(warning)
    return count


def _as_answer(one: Prediction) -> dict[str, Any]:
    answer: dict[str, Any] = {"prediction": one.prediction, "flags": list(one.flags)}
    if one.probabilities is not None:
        answer["probabilities"] = one.probabilities
    return answer if one.token is None else {**answer, "token": one.token}


def csv_lines(
    answers: Iterable[dict[str, Any]], outputs: Sequence[Output] = (), *, exact: bool = False
) -> Iterator[str]:
    """A header, and a line per row: the cells of ``answer_cells``, flags with ``;``, the token.

    The answers of ``outputs`` follow it in JSON: labels are sent with them. The names are those of
    the first row.

    Unless ``exact``, text that a spreadsheet would run as a formula is escaped.
    """
    writer = csv_writer(_Echo())
    names: list[str] = []
    for answer in answers:
        row = answer_cells(answer, outputs)
        row["flags"] = ";".join(answer.get("flags", ()))
        if "token" in answer:
            row["token"] = answer["token"]
            row |= {"answer": canonical_json(answer["prediction"]).decode()} if outputs else {}
        if not names:
            names = list(row)
            yield writer.writerow(names if exact else map(escaped, names))
        cells = [row.get(name) for name in names]
        yield writer.writerow(cells if exact else map(escaped, cells))


class _Echo:
    """A file for ``csv``, whose writer returns what ``write`` does."""

    def write(self, text: str) -> str:
        return text
