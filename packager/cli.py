"""The command ``package``: parses, calls one function, prints. Results go to stdout."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from packager import diff_text
from packager import inspect as inspection
from packager.build import Built
from packager.build import build as run_build
from packager.cache import check_writable, new_file
from packager.code import REPLAY_REPORT
from packager.console import ConsoleProgress, show, show_error
from packager.diff import diff_packages
from packager.errors import PackageError, UsageError
from packager.image.base import restore_base
from packager.image.debian import make_base
from packager.image.docker_build import Builder
from packager.image.engine import Engine
from packager.image.outputs import NO_ENGINE, Output, write_archive
from packager.image.reference import Reference, open_reference
from packager.init import init_from_model, init_project
from packager.predict import predict as run_predict
from packager.project import load_project
from packager.replay import replay as run_replay
from packager.serve import serving
from packager.worker.report import ReplayReport

STOPPED = 130  # what typer ends with after Ctrl-C, and what shells report then

app = typer.Typer(
    name="package",
    help="Turn a model, its code, data and training recipe into one image that serves, "
    "measures and replays itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Ref = Annotated[str, typer.Argument(metavar="REF", help="A tag, an OCI folder or an archive.")]
Local = Annotated[bool, typer.Option(help="Without a container, under this Python.")]


def main() -> None:
    """Run the command line; only a ``PackageError`` is a user's matter, the rest are bugs."""
    # They unwind, so that containers and half-made files go. A shell that starts us in
    # the background has Ctrl-C ignored: we take it back.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows knows no SIGHUP
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        app()
    except PackageError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == STOPPED:
            ConsoleProgress().warn("stopped")
        raise


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="The new project's folder.")] = Path("."),
    from_model: Annotated[Path | None, typer.Option(help="A model trained elsewhere.")] = None,
    data: Annotated[Path | None, typer.Option(help="Data to measure that model on.")] = None,
    target: Annotated[str | None, typer.Option(help="The column of --data to predict.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a starter project, or one around a model trained elsewhere."""
    if from_model is not None:
        files = init_from_model(directory, from_model, data, target)
    elif data is not None or target is not None:
        raise UsageError("--data, --target: expected --from-model beside them", "add --from-model")
    else:
        files = init_project(directory)
    if as_json:
        show(json.dumps({"directory": str(directory), "files": files}))
    else:
        show("\n".join(str(directory / name) for name in files))
        if from_model is not None:
            ConsoleProgress().warn("task, target and requirements are guesses: see package.toml")
        ConsoleProgress().step(f"next: package build {directory}")


@app.command()
def build(
    project: Annotated[Path, typer.Argument(help="The folder with package.toml.")] = Path("."),
    output: Annotated[str, typer.Option(help="docker, oci:DIR or docker-archive:FILE.")] = "docker",
    base: Annotated[str | None, typer.Option(help="A base in place of [image] base.")] = None,
    builder: Annotated[
        Builder, typer.Option("--engine", help="What makes the image; docker: its Dockerfile.")
    ] = "assemble",
    update: Annotated[bool, typer.Option(help="Lock the newest dependencies anew.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Assemble twice under other conditions, compare.")
    ] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Make every layer anew.")] = False,
    as_json: AsJson = False,
) -> None:
    """Lock, train, measure and assemble a package; print its tag (or its path)."""
    where = Output.parse(output)
    engine = Engine.connect()
    if builder == "assemble" and where.kind == "docker" and engine is None:
        raise PackageError("no Docker engine answers to put the image into", NO_ENGINE)
    read = load_project(project)
    progress = ConsoleProgress()
    built = run_build(
        read,
        where,
        engine,
        progress,
        base=base,
        update=update,
        fresh=no_cache,
        twice=verify,
        builder=builder,
    )
    show(json.dumps(_built(built)) if as_json else _printed(built, where))


@app.command()
def inspect(reference: Ref, as_json: AsJson = False) -> None:
    """Show what is in a package: recipe, data, metrics by slice, layers."""
    with open_reference(reference, Engine.connect()) as found:
        show(json.dumps(inspection.as_json(found)) if as_json else inspection.as_text(found))


@app.command()
def diff(before: Ref, after: Ref, as_json: AsJson = False) -> None:
    """Show what differs between two packages, and the bytes to ship from one to the other."""
    engine = Engine.connect()
    with open_reference(before, engine) as one, open_reference(after, engine) as other:
        found = diff_packages(one, other)
    show(json.dumps(diff_text.as_json(found)) if as_json else diff_text.as_text(found))


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
            _opened(reference, local) as (found, engine),
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
    reference: Ref,
    source: Annotated[Path, typer.Option("--input", help="CSV, JSON, JSON lines or Parquet.")],
    output: Annotated[Path | None, typer.Option(help="A file, in place of stdout.")] = None,
    form: Annotated[
        Literal["jsonl", "csv"], typer.Option("--format", help="Of the answers.")
    ] = "jsonl",
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Answer every row of a file, without a server and without a network."""
    if output is not None:
        check_writable(output.absolute().parent)
    if as_json and form == "csv":
        raise UsageError("--format csv: expected no --json beside it", "keep one of the two")
    with _opened(reference, local) as (found, engine):
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
    with _opened(reference, local) as (found, engine):
        result = run_replay(found, engine, ConsoleProgress(), data=data)
    with new_file(report) as file:
        file.write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
    show(result.model_dump_json() if as_json else _replayed(result, report))
    if not result.passed:
        raise typer.Exit(1)


@app.command()
def base(
    add: Annotated[
        list[str] | None, typer.Option(help="A Debian package more; repeat for several.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Keep it in this file as well.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Take the base from such a file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a base from Debian packages, for machines that reach no registry; print its name."""
    if source is not None and (add or output):
        raise UsageError("--from: expected no --add or --output beside it", "leave them out")
    if output is not None:
        Output("docker-archive", output).check()
    made = (
        restore_base(source)
        if source
        else make_base(Engine.connect(), ConsoleProgress(), add or ())
    )
    if output is not None:
        write_archive([made.image], output)
    fact = {"reference": made.saved.reference, "diff_ids": made.saved.diff_ids}
    fact["packages"] = made.saved.packages
    show(json.dumps(fact) if as_json else made.saved.reference)


@contextmanager
def _opened(reference: str, local: bool) -> Iterator[tuple[Reference, Engine | None]]:
    """The package, and the engine to run it on: none with ``--local`` or where none answers."""
    engine = Engine.connect()
    with open_reference(reference, engine) as found:
        runs = engine is not None and not local and found.lock().base != "none"
        yield found, engine if runs else None


def _built(built: Built) -> dict[str, Any]:
    image = built.images[0]
    companion = built.images[1] if len(built.images) > 1 else None
    return {
        "tag": image.name,
        "root": built.manifest.root,
        "config_digest": image.digest,
        "size": image.size,
        "companion": {"tag": companion.name, "config_digest": companion.digest}
        if companion
        else None,
    }


def _printed(built: Built, output: Output) -> str:
    return built.images[0].name if output.path is None else str(output.path)


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
