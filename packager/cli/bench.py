"""Command that measures packages: ``bench``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from packager.cli.app import (
    RUN,
    AsJson,
    Key,
    KeyFile,
    Local,
    RefOrUrl,
    app,
    is_server,
    make_client,
    opened,
    refuse_key,
    refuse_key_file,
)
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.errors import UsageError


@app.command(rich_help_panel=RUN)
def bench(
    reference: RefOrUrl,
    key_file: KeyFile = None,
    source: Annotated[
        Path | None, typer.Option("--data", help="Rows to send; synthetic by default.")
    ] = None,
    concurrency: Annotated[str, typer.Option(help="Number of clients, for each step.")] = "1,16,64",
    rows: Annotated[str, typer.Option(help="Rows per request, for each step.")] = "1,100",
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of each step.")] = 5.0,
    seed: Annotated[int, typer.Option(help="Seed of the synthetic rows.")] = 7,
    key: Key = None,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Measure throughput, latency, memory and processor time.

    Exit 1 if a request fails or a step gets no response.
    """
    from packager.client import read_key
    from packager.report.bench import as_text
    from packager.run.bench.result import as_json as bench_json
    from packager.run.bench.run import LoadPlan, bench_package, bench_server

    plan = LoadPlan(
        sizes=_numbers("--rows", rows),
        clients=_numbers("--concurrency", concurrency),
        seconds=seconds,
        source=source,
        seed=seed,
    )
    progress = ConsoleProgress()
    if is_server(reference):
        refuse_key(key)
        api_key = None if key_file is None else read_key(key_file)
        with make_client(reference, key_file, local=local) as client:
            benchmark = bench_server(client, api_key, plan, progress)
    else:
        refuse_key_file(key_file)
        with opened(reference, local, key) as (package, engine):
            benchmark = bench_package(package, engine, plan, progress)
    print_result(
        json.dumps(bench_json(benchmark)) if as_json else as_text(benchmark, terminal_columns())
    )
    if not all(step.passed for step in benchmark.steps):
        raise typer.Exit(1)


def _numbers(option: str, text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() and 1 <= int(part) <= 10_000 for part in parts):
        raise UsageError(f"{option}: expected numbers from 1 to 10000, got {text!r}", "like 1,16")
    return tuple(int(part) for part in parts)
