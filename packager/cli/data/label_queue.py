"""Command that chooses which rows to label next: ``data label-queue``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from packager.cli.app import AsJson, Local, Ref, opened
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.data.group import data
from packager.cli.data.labels import LABELS

if TYPE_CHECKING:
    from packager.labelling.queue import Choice


Form = Literal["csv", "label-studio"]


@data.command("label-queue", rich_help_panel=LABELS)
def label_queue(
    reference: Ref,
    source: Annotated[
        str,
        typer.Option(
            "--data",
            metavar="LOG|TABLE",
            help="A file, a folder, TABLE[@VERSION], or a log of flagged rows (.jsonl).",
        ),
    ],
    rows: Annotated[int, typer.Option(min=1, help="Number of rows to choose.")],
    output: Annotated[Path, typer.Option(help="File for the chosen rows.")],
    form: Annotated[
        Form, typer.Option("--format", help="label-studio also writes FILE.xml, its page.")
    ] = "csv",
    key_columns: Annotated[
        str | None, typer.Option(help="Columns that identify a row, with commas between.")
    ] = None,
    labelled: Annotated[
        str | None,
        typer.Option(metavar="FILE|TABLE", help="Rows to leave out, by key columns or row_hash."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random choice.")] = 0,
    answers: Annotated[
        bool,
        typer.Option("--answers", help="Also write the model's answers, which bias annotators."),
    ] = False,
    personal: Annotated[
        bool, typer.Option("--personal", help="Also write columns of personal data.")
    ] = False,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Choose the rows to label next, each with a known probability.

    So the quality that their labels show is unbiased, overall and by slice.
    """
    from packager.cache import check_writable, temporary_directory
    from packager.labelling.queue import QueuePackage, QueueRequest, run_queue
    from packager.labelling.queue_files import QueueContents, shown_columns, write_queue
    from packager.report.label_queue import as_text
    from packager.run.predict import all_answers

    check_writable(output.absolute().parent)
    progress = ConsoleProgress()
    request = QueueRequest(
        source, rows, seed, tuple(name for name in (key_columns or "").split(",") if name), labelled
    )
    contents = QueueContents(personal, answers)
    with temporary_directory() as folder, opened(reference, local) as (package, engine):

        def ask(file: Path) -> list[dict[str, Any]]:
            return all_answers(package, file, engine, progress)

        manifest = package.manifest
        queue = run_queue(request, QueuePackage(manifest, package.profile(), ask), folder, progress)
        _, hidden = shown_columns(queue, manifest, contents)
        written = write_queue(queue, manifest, contents, output, form)
    if hidden:
        progress.step(f"personal data left out: {', '.join(hidden)}; --personal writes it")
    if as_json:
        print_result(json.dumps(_facts(queue, [str(path) for path in written])))
    else:
        print_result(as_text(queue, [str(path) for path in written], terminal_columns()))


def _facts(chosen: Choice, written: list[str]) -> dict[str, Any]:
    from collections import Counter

    probabilities = chosen.probabilities[chosen.indices]
    return {
        "written": written,
        "rows": len(chosen.indices),
        "from": len(chosen.rows),
        "labelled": chosen.rows.labelled,
        "seed": chosen.seed,
        "reasons": dict(Counter(chosen.reasons)),
        "drifted": list(chosen.drifted),
        "worth": chosen.worth,
        "expected_by": chosen.expected.source or None,
        "smallest_probability": float(probabilities.min()),
        "slices": [
            {"slice": name, "rows": rows, "chosen": taken, "expected_loss": _known(mean)}
            for name, (rows, taken, mean) in chosen.slices.items()
        ],
    }


def _known(value: float) -> float | None:
    return value if value == value else None
