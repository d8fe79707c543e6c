"""What runs packages: ``serve``, ``predict``, ``replay``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from packager.cache import atomic_file, check_writable
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
from packager.cli.console import ConsoleProgress, print_result
from packager.engine.hardening import memory_bytes
from packager.errors import PackageError, UsageError
from packager.project.files import REPLAY_REPORT
from packager.report import replay_page
from packager.run.predict import predict as run_predict
from packager.run.predict import predict_at
from packager.run.replay import replay as run_replay
from packager.run.serve import serving
from packager.run.serve_settings import ServeSettings
from packager.worker.job import Perturbation, ReplayRequest
from packager.worker.replay.report_text import as_text


@app.command()
def serve(
    reference: Ref,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")
    ] = 3000,
    memory: Annotated[
        str | None,
        typer.Option(help="Of the container: 2g. Default: 3/4 of the engine's memory."),
    ] = None,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Serve a package on 127.0.0.1 until Ctrl-C; print its address when it is ready.

    The server's settings (MODEL_WORKERS, MODEL_STATE_DIR, MODEL_FEEDBACK_KEY_FILE and the
    others of docs/serving.md and docs/monitoring.md) are taken from the environment.
    """
    progress = ConsoleProgress()
    limit = None if memory is None else memory_bytes(memory)
    settings = ServeSettings.from_environment(memory=limit)
    try:
        with (
            opened(reference, local) as (found, engine),
            serving(found, engine, port, progress, settings) as server,
        ):
            print_result(json.dumps({"url": server.url}) if as_json else server.url)
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
        Literal["jsonl", "csv", "csv-exact"],
        typer.Option("--format", help="Of the answers; csv-exact is for programs, not people."),
    ] = "jsonl",
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Answer every row of a file: by REF without a server or network, or by the server --url."""
    if output is not None:
        check_writable(output.absolute().parent)
    if as_json and form != "jsonl":
        raise UsageError(f"--format {form}: expected no --json beside it", "keep one of the two")
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
        with atomic_file(output) as file:
            file.write_text(text, encoding="utf-8")


@app.command()
def replay(
    reference: Ref,
    data: Annotated[Path | None, typer.Option(help="The data, where it is not inside.")] = None,
    report: Annotated[Path, typer.Option(help="Where the report goes.")] = Path(REPLAY_REPORT),
    page: Annotated[Path | None, typer.Option(help="The report as a page to read.")] = None,
    perturb: Annotated[
        Perturbation, typer.Option(help="Change this on purpose: the rung has to come out lower.")
    ] = "none",
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Train again from the package alone; say how equal the result is (exit 1 if too little)."""
    for path in (report, page) if page else (report,):
        check_writable(path.absolute().parent)
    ask = ReplayRequest(perturb=perturb)
    with opened(reference, local) as (found, engine):
        result = run_replay(found, engine, ConsoleProgress(), ask, data=data)
        written = {report: result.model_dump_json(indent=2) + "\n"}
        if page is not None:
            written[page] = replay_page.as_page(result, found.manifest)
    for path, text in written.items():
        with atomic_file(path) as file:
            file.write_text(text, encoding="utf-8")
    shown = f"{as_text(result)}; report in {report}"
    print_result(result.model_dump_json() if as_json else shown)
    if not result.passed:
        raise typer.Exit(1)
