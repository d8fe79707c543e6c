"""``package score``: a table larger than memory."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from packager.cli.app import RUN, AsJson, Key, Local, Ref, app, opened
from packager.cli.console import ConsoleProgress, print_result
from packager.text import counted


@app.command("score", rich_help_panel=RUN)
def score_table(
    reference: Ref,
    data: Annotated[str, typer.Option(help="CSV, Parquet, a folder of either, TABLE or TABLE@5.")],
    output: Annotated[Path, typer.Option(help="A new folder for the parts, or a Delta table.")],
    form: Annotated[
        Literal["parquet", "csv", "csv-exact", "delta"] | None,
        typer.Option("--format", help="Format of the parts (default: by the suffix, or Parquet)."),
    ] = None,
    bad: Annotated[
        Literal["fail", "skip", "null"],
        typer.Option(help="What becomes of a row that the model can't answer."),
    ] = "fail",
    keep: Annotated[
        list[str] | None, typer.Option(help="Column to copy into the output; repeatable.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run.")
    ] = False,
    shard: Annotated[
        str, typer.Option(help="Score the I-th of N shares: 1/4. The last one finishes the output.")
    ] = "1/1",
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="ray: by the processes of a Ray cluster.")
    ] = "local",
    key: Key = None,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Predict every row of a large table, in bounded memory.

    A part file for each row group; an interrupted run resumes to the same bytes.
    """
    from packager.errors import UsageError
    from packager.scoring.plan import ScoreRequest, form_of, parse_shard
    from packager.scoring.run import score

    columns = tuple(dict.fromkeys(keep or ()))
    shares = parse_shard(shard)
    request = ScoreRequest(data, output, form_of(output, form), bad, columns, resume, shares)
    drive = None
    if engine == "ray":
        from packager.scoring.ray_engine import ray_drive

        if not local:
            raise UsageError(
                "--engine ray: expected --local with it",
                "Ray's workers run the package in processes of their machines, without containers",
            )
        if key is not None:
            raise UsageError(
                "--engine ray: expected no --key with it, because Ray's workers have no such file",
                "leave --key out, and name the key in the policy of every machine of the cluster "
                "(MODEL_PACKAGER_TRUST), which the workers obey",
            )
        drive = ray_drive(reference, request)
    progress = ConsoleProgress()
    with opened(reference, local, key) as (package, docker):
        done = score(package, request, docker, progress, drive)
    if as_json:
        print_result(json.dumps(asdict(done), default=str))
        return
    summary = f"{counted(done.rows, 'row')} in {counted(done.parts, 'part')} in {output}"
    if done.rejected:
        summary += f", {done.rejected:,} without an answer" + (
            f" (see {done.rejects})" if done.rejects else ""
        )
    if not done.complete:
        summary += "; other shards are not done yet"
    print_result(summary)
