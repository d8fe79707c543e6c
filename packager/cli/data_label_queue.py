"""Command that chooses which rows to label next: ``data label-queue``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from packager.cli.app import AsJson, Local, Ref, opened
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.data import data

if TYPE_CHECKING:
    from packager.labelling.queue import Choice

LABELS = "Labels"
Form = Literal["csv", "label-studio"]


@data.command("label-queue", rich_help_panel=LABELS)
def label_queue(
    reference: Ref,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="LOG|TABLE",
            help="A file, a folder, TABLE[@VERSION], or a log of flagged rows (.jsonl).",
        ),
    ],
    rows: Annotated[int, typer.Option(min=1, help="Number of rows to choose.")],
    output: Annotated[Path, typer.Option("--out", help="File for the chosen rows.")],
    form: Annotated[
        Form, typer.Option("--format", help="label-studio also writes FILE.xml, its page.")
    ] = "csv",
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Column that identifies a row; repeatable."),
    ] = None,
    labelled: Annotated[
        str | None,
        typer.Option(metavar="FILE|TABLE", help="Rows to leave out, by --key or row_hash."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random choice.")] = 0,
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
    from packager.cache import atomic_file, check_writable, temporary_directory
    from packager.labelling.queue import Packaged, choose
    from packager.labelling.queue_files import (
        QueueContents,
        as_csv,
        as_label_studio,
        labelling_page,
        shown_columns,
    )
    from packager.labelling.queue_rows import (
        TOKEN,
        check_keys,
        leave_out_labelled,
        read_queue_rows,
    )
    from packager.report.label_queue import as_text
    from packager.run.predict import predict

    check_writable(output.absolute().parent)
    keys = tuple(key or ())
    with temporary_directory() as folder, opened(reference, local) as (found, engine):
        progress = ConsoleProgress()
        pool = read_queue_rows(source, found.manifest, folder, progress)
        if not keys and TOKEN in pool.frame.columns:
            keys = (TOKEN,)
        check_keys(pool.frame, keys, source)
        if labelled is not None:
            pool = leave_out_labelled(pool, labelled, keys)

        def ask(file: Path) -> list[dict[str, Any]]:
            text = predict(found, file, "jsonl", engine, progress)
            return [json.loads(line) for line in text.splitlines()]

        package = Packaged(found.manifest, found.profile(), ask)
        chosen = choose(pool, rows, seed, package, progress)
        contents = QueueContents(keys, personal, answers)
        write = as_csv if form == "csv" else as_label_studio
        texts = {output: write(chosen, found.manifest, contents)}
        if form == "label-studio":
            texts[output.with_suffix(output.suffix + ".xml")] = labelling_page(found.manifest)
        _, hidden = shown_columns(chosen, found.manifest, contents)
    for path, text in texts.items():
        with atomic_file(path) as file:
            file.write_text(text, encoding="utf-8")
    if hidden:
        progress.step(f"personal data left out: {', '.join(hidden)}; --personal writes it")
    written = [str(path) for path in texts]
    facts = _facts(chosen, written)
    print_result(json.dumps(facts) if as_json else as_text(chosen, written, terminal_columns()))


def _facts(chosen: Choice, written: list[str]) -> dict[str, Any]:
    from collections import Counter

    probabilities = chosen.probabilities[chosen.places]
    return {
        "written": written,
        "rows": len(chosen.places),
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
