"""What measures packages: ``bench``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from packager.cli.app import (
    AsJson,
    KeyFile,
    Local,
    OptionalRef,
    ServerUrl,
    app,
    client_of,
    opened,
    required,
)
from packager.cli.console import ConsoleProgress, print_result
from packager.client import read_key
from packager.errors import UsageError
from packager.run.bench.result import as_json as bench_json
from packager.run.bench.result import as_text
from packager.run.bench.run import LoadPlan, bench_package, bench_server


@app.command()
def bench(
    reference: OptionalRef = None,
    url: ServerUrl = None,
    key_file: KeyFile = None,
    source: Annotated[
        Path | None, typer.Option("--input", help="Rows to ask with; synthetic unless given.")
    ] = None,
    concurrency: Annotated[str, typer.Option(help="Clients at once, for each step.")] = "1,16,64",
    rows: Annotated[str, typer.Option(help="Rows a request, for each step.")] = "1,100",
    seconds: Annotated[float, typer.Option(min=0.1, help="Of each step.")] = 5.0,
    seed: Annotated[int, typer.Option(help="Of the synthetic rows.")] = 7,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Measure how fast a package answers here: throughput, latency, memory, processor time.

    Exit 1 where a request failed, and where a step got no answer at all.
    """
    plan = LoadPlan(
        sizes=_numbers("--rows", rows),
        clients=_numbers("--concurrency", concurrency),
        seconds=seconds,
        source=source,
        seed=seed,
    )
    progress = ConsoleProgress()
    if url is not None:
        key = None if key_file is None else read_key(key_file)
        with client_of(url, key_file, reference, local) as client:
            found = bench_server(client, key, plan, progress)
    else:
        with opened(required(reference, key_file), local) as (package, engine):
            found = bench_package(package, engine, plan, progress)
    print_result(json.dumps(bench_json(found)) if as_json else as_text(found))
    if not all(step.passed for step in found.steps):
        raise typer.Exit(1)


def _numbers(option: str, text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() and 1 <= int(part) <= 10_000 for part in parts):
        raise UsageError(f"{option}: expected numbers from 1 to 10000, got {text!r}", "like 1,16")
    return tuple(int(part) for part in parts)
