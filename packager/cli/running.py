"""What runs packages: ``serve``, ``predict``, ``replay``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from packager.cache import check_writable, new_file
from packager.cli.app import (
    AsJson,
    KeyFile,
    Local,
    OptionalRef,
    Ref,
    ServerUrl,
    app,
    client_of,
    opened,
    required,
)
from packager.code import REPLAY_REPORT
from packager.console import ConsoleProgress, show
from packager.errors import PackageError, UsageError
from packager.predict import predict as run_predict
from packager.predict import predict_at
from packager.replay import replay as run_replay
from packager.serve import serving
from packager.worker.report import ReplayReport


@app.command()
def serve(
    reference: Ref,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")
    ] = 3000,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Serve a package on 127.0.0.1 until Ctrl-C; print its address when it is ready."""
    progress = ConsoleProgress()
    try:
        with (
            opened(reference, local) as (found, engine),
            serving(found, engine, port, progress) as server,
        ):
            show(json.dumps({"url": server.url}) if as_json else server.url)
            for line in server.follow():
                progress.output(line)
    except KeyboardInterrupt:
        progress.step("stopped")
        return
    raise PackageError("the server ended by itself", "see its log above")


@app.command()
def predict(
    source: Annotated[Path, typer.Option("--input", help="CSV, JSON, JSON lines or Parquet.")],
    reference: OptionalRef = None,
    url: ServerUrl = None,
    key_file: KeyFile = None,
    output: Annotated[Path | None, typer.Option(help="A file, in place of stdout.")] = None,
    form: Annotated[
        Literal["jsonl", "csv"], typer.Option("--format", help="Of the answers.")
    ] = "jsonl",
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Answer every row of a file: by REF without a server or network, or by the server --url."""
    if output is not None:
        check_writable(output.absolute().parent)
    if as_json and form == "csv":
        raise UsageError("--format csv: expected no --json beside it", "keep one of the two")
    if url is not None:
        with client_of(url, key_file, reference, local) as client:
            text = predict_at(client, source, form, ConsoleProgress())
    else:
        with opened(required(reference, key_file), local) as (found, engine):
            text = run_predict(found, source, form, engine, ConsoleProgress())
    if as_json:
        text = json.dumps({"predictions": [json.loads(line) for line in text.splitlines()]}) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        with new_file(output) as file:
            file.write_text(text, encoding="utf-8")


@app.command()
def replay(
    reference: Ref,
    data: Annotated[Path | None, typer.Option(help="The data, where it is not inside.")] = None,
    report: Annotated[Path, typer.Option(help="Where the report goes.")] = Path(REPLAY_REPORT),
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Train again from the package alone; say how equal the result is (exit 1 if too little)."""
    check_writable(report.absolute().parent)
    with opened(reference, local) as (found, engine):
        result = run_replay(found, engine, ConsoleProgress(), data=data)
    with new_file(report) as file:
        file.write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    show(result.model_dump_json() if as_json else _replayed(result, report))
    if not result.passed:
        raise typer.Exit(1)


def _replayed(report: ReplayReport, path: Path) -> str:
    wrong = [check for check in report.checks if not check.ok]
    lines = [f"checks: {len(report.checks) - len(wrong)} of {len(report.checks)} equal"]
    lines += [f"  {c.name}: expected {c.expected}, got {c.actual}" for c in wrong]
    if report.rows:
        flips = f"{report.label_flips} label flips, " if report.label_flips is not None else ""
        largest = report.largest_difference
        shown = "none" if largest is None else f"{largest:g}"
        lines.append(f"predictions: {report.rows} held-out rows, {flips}largest difference {shown}")
    for name, check in report.metrics.items():
        ok = "" if check.ok else "  (not accepted)"
        lines.append(f"  {name}: {_number(check.recorded)} recorded, {_number(check.now)} now{ok}")
    lines.append(f"rung: {report.rung} (claimed: {report.level})")
    lines.append(f"replay: {'passed' if report.passed else 'failed'}; report in {path}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"
