"""Commands that run packages: ``serve``, ``predict``, ``replay``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from packager.cache import atomic_file, check_writable
from packager.cli.app import (
    RUN,
    AsJson,
    Key,
    KeyFile,
    Local,
    Ref,
    RefOrUrl,
    app,
    is_server,
    make_client,
    opened,
    refuse_key,
    refuse_key_file,
)
from packager.cli.console import ConsoleProgress, print_result
from packager.cli.reporting import Issues, ReportUrl, check_reporting, send_findings
from packager.errors import PackageError, UsageError

if TYPE_CHECKING:
    from packager.engine.engine import Engine
    from packager.image.reference import Reference
    from packager.manifest.outputs import Output
    from packager.run.solution_replay import SolutionReport
    from packager.tracker.core.finding import Report
    from packager.worker.job import ReplayRequest
    from packager.worker.replay.report import ReplayReport

Perturbation = Literal["none", "seed", "row", "param"]
Format = Literal["jsonl", "csv", "csv-exact"]


@app.command(rich_help_panel=RUN)
def serve(
    reference: Ref,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 chooses a free one.")
    ] = 3000,
    memory: Annotated[
        str | None,
        typer.Option(help="Limit of the container: 2g. Default: 3/4 of the engine's memory."),
    ] = None,
    key: Key = None,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Serve a package on 127.0.0.1 until Ctrl-C; print its address.

    The server's settings (MODEL_WORKERS, MODEL_STATE_DIR, MODEL_FEEDBACK_KEY_FILE and the
    others of docs/serving.md and docs/monitoring.md) are taken from the environment.
    """
    from packager.engine.hardening import memory_bytes
    from packager.run.serve import serving
    from packager.run.serve_settings import ServeSettings

    progress = ConsoleProgress()
    limit = None if memory is None else memory_bytes(memory)
    settings = ServeSettings.from_environment(memory=limit)
    try:
        with (
            opened(reference, local, key) as (package, engine),
            nullcontext(settings.with_grpc(package.manifest.serve, port)) as serve_settings,
            serving(package, engine, port, progress, serve_settings) as server,
        ):
            grpc = (
                {}
                if serve_settings.grpc_port is None
                else {"grpc": f"127.0.0.1:{serve_settings.grpc_port}"}
            )
            if grpc and not as_json:
                progress.step(f"gRPC on {grpc['grpc']}")
            print_result(json.dumps({"url": server.url, **grpc}) if as_json else server.url)
            for line in server.follow():
                progress.output(line)
    except KeyboardInterrupt:
        progress.step("stopped")
        return
    raise PackageError("the server ended unexpectedly", "see its log above")


@app.command(rich_help_panel=RUN)
def predict(
    reference: RefOrUrl,
    source: Annotated[Path, typer.Option("--data", help="CSV, JSON, JSON lines or Parquet.")],
    key_file: KeyFile = None,
    output: Annotated[Path | None, typer.Option(help="Output file (default: stdout).")] = None,
    form: Annotated[
        Format,
        typer.Option("--format", help="csv escapes spreadsheet formulas; csv-exact does not."),
    ] = "jsonl",
    key: Key = None,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Predict every row of a file, by a package or a server.

    A package is run without a server and without network.
    """
    from packager.run.predict import predict as run_predict
    from packager.run.predict import predict_at

    if output is not None:
        check_writable(output.absolute().parent)
    if as_json and form != "jsonl":
        raise UsageError(f"--format {form}: expected no --json with it", "keep one of the two")
    with ExitStack() as stack:
        if is_server(reference):
            refuse_key(key)
            client = stack.enter_context(make_client(reference, key_file, local=local))
            outputs = client.package().schema_.outputs
            answers_file = stack.enter_context(predict_at(client, source, ConsoleProgress()))
        else:
            refuse_key_file(key_file)
            opened_at, engine = stack.enter_context(opened(reference, local, key))
            outputs = opened_at.manifest.schema_.outputs
            answers_file = stack.enter_context(
                run_predict(opened_at, source, engine, ConsoleProgress())
            )
        if output is None:
            _write_predictions(answers_file, form, outputs, sys.stdout.write, as_json=as_json)
            return
        with atomic_file(output) as file, file.open("w", encoding="utf-8", newline="\n") as text:
            _write_predictions(answers_file, form, outputs, text.write, as_json=as_json)


def _write_predictions(
    answers_file: Path,
    form: Format,
    outputs: Sequence[Output],
    write: Callable[[str], object],
    *,
    as_json: bool,
) -> None:
    """Write the answers line by line, or as one JSON document."""
    from packager.run.predict import write_answers

    if not as_json:
        write_answers(answers_file, form, outputs, write)
        return
    between = '{"predictions": ['
    with answers_file.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            write(between + json.dumps(json.loads(line)))
            between = ", "
    write(("" if between == ", " else between) + "]}\n")


@app.command(rich_help_panel=RUN)
def replay(
    reference: Ref,
    data: Annotated[
        Path | None, typer.Option(help="The training data, if the package does not hold it.")
    ] = None,
    json_file: Annotated[Path, typer.Option(help="JSON report file.")] = Path("replay.json"),
    html: Annotated[Path | None, typer.Option(help="HTML report file.")] = None,
    perturb: Annotated[
        Perturbation,
        typer.Option(help="Negative control: change this; the equivalence level must be lower."),
    ] = "none",
    member: Annotated[
        list[str] | None,
        typer.Option(help="Of a solution: replay this member only; may be repeated."),
    ] = None,
    issues: Issues = None,
    report_url: ReportUrl = None,
    key: Key = None,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Train again from the package alone; compare the models.

    Of a solution: train each member again, then compare the answers of the whole. Exit 1 if the
    equivalence level is lower than the package claims.
    """
    from packager.worker.job import ReplayRequest

    check_reporting(issues, report_url=report_url)
    for path in (json_file, html) if html else (json_file,):
        check_writable(path.absolute().parent)
    ask = ReplayRequest(perturb=perturb)
    with opened(reference, local, key, verified=True) as (package, engine):
        if package.manifest.solution is None:
            if member:
                raise UsageError("--member: expected a solution, got a package of one model")
            done = _replayed(package, engine, ask, data)
        else:
            done = _replayed_solution(package, engine, ask, data, member or ())
        written = {json_file: done.report.model_dump_json(indent=2) + "\n"}
        if html is not None:
            written[html] = done.page()
    for path, text in written.items():
        with atomic_file(path) as file:
            file.write_text(text, encoding="utf-8")
    if issues is not None:
        from packager.findings.report_page import ReportPage, with_page

        page = ReportPage(report_url, html or json_file)
        send_findings(issues, with_page(done.findings(time.time()), page), ConsoleProgress())
    shown = f"{done.text}; report in {json_file}"
    print_result(done.report.model_dump_json() if as_json else shown)
    if not done.report.passed:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Replayed:
    """A replay, and how it is told."""

    report: ReplayReport | SolutionReport
    text: str
    page: Callable[[], str]
    findings: Callable[[float], Report | None]


def _replayed(
    package: Reference, engine: Engine | None, ask: ReplayRequest, data: Path | None
) -> _Replayed:
    from packager.findings.from_replay import findings_of_replay
    from packager.report.replay_page import as_page
    from packager.run.replay import replay as run_replay
    from packager.worker.replay.report_text import as_text

    result, manifest = (
        run_replay(package, engine, ConsoleProgress(), ask, data=data),
        package.manifest,
    )
    return _Replayed(
        result,
        as_text(result),
        lambda: as_page(result, manifest),
        lambda at: findings_of_replay(result, manifest, at),
    )


def _replayed_solution(
    package: Reference,
    engine: Engine | None,
    ask: ReplayRequest,
    data: Path | None,
    members: Sequence[str],
) -> _Replayed:
    from packager.findings.from_replay import findings_of_solution
    from packager.report.solution_replay import as_page, as_text
    from packager.run.solution_replay import SolutionReplay, replay_solution

    how = SolutionReplay(engine, ConsoleProgress(), ask, members, data)
    result, manifest = replay_solution(package, how), package.manifest
    return _Replayed(
        result,
        as_text(result),
        lambda: as_page(result, manifest),
        lambda at: findings_of_solution(result, manifest, at),
    )
