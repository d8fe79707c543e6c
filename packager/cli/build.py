"""What makes things: ``init``, ``build``, ``base``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from packager.build.pipeline import Built
from packager.build.pipeline import build as run_build
from packager.build.seeds import seed_sweep
from packager.build.smoke_test import READY_SECONDS
from packager.cli.app import AsJson, app
from packager.cli.console import ConsoleProgress, print_result
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.base.base import restore_base
from packager.image.base.debian import make_base
from packager.image.docker_build import Builder
from packager.image.export import NO_ENGINE, Destination, write_archive
from packager.project.config import load_project
from packager.project.from_mlflow import init_from_mlflow
from packager.project.scaffold import init_from_model, init_project
from packager.report.seed_spread import spread_text


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="The new project's folder.")] = Path("."),
    from_model: Annotated[Path | None, typer.Option(help="A model trained elsewhere.")] = None,
    from_mlflow: Annotated[
        Path | None, typer.Option(help="A model that MLflow saved: its folder.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Data to measure that model on.")] = None,
    target: Annotated[str | None, typer.Option(help="The column of --data to predict.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a starter project, or one around a model trained elsewhere."""
    if from_mlflow is not None:
        if from_model is not None or data is not None or target is not None:
            raise UsageError("--from-mlflow: expected no other option beside it", "leave them out")
        files = init_from_mlflow(directory, from_mlflow)
    elif from_model is not None:
        files = init_from_model(directory, from_model, data, target)
    elif data is not None or target is not None:
        raise UsageError("--data, --target: expected --from-model beside them", "add --from-model")
    else:
        files = init_project(directory)
    if as_json:
        print_result(json.dumps({"directory": str(directory), "files": files}))
    else:
        print_result("\n".join(str(directory / name) for name in files))
        if from_model is not None or from_mlflow is not None:
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
    allow_findings: Annotated[
        bool, typer.Option("--allow-findings", help="Go on with data that the check would stop.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the training that a failed build kept.")
    ] = False,
    ready_seconds: Annotated[
        float, typer.Option(min=1, help="How long the image may take to be ready at its proof.")
    ] = READY_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Lock, train, measure and assemble a package; print its tag (or its path)."""
    where = Destination.parse(output)
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
        allow_findings=allow_findings,
        builder=builder,
        resume=resume,
        ready_seconds=ready_seconds,
    )
    print_result(json.dumps(_built(built)) if as_json else _printed(built, where))


@app.command()
def train(
    project: Annotated[Path, typer.Argument(help="The folder with package.toml.")] = Path("."),
    seeds: Annotated[int, typer.Option(help="How many trainings, from the recipe's seed up.")] = 5,
    base: Annotated[str | None, typer.Option(help="A base in place of [image] base.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train with several seeds; show and keep how far metrics go by chance."""
    spread = seed_sweep(
        load_project(project), seeds, Engine.connect(), ConsoleProgress(), base=base
    )
    print_result(spread.model_dump_json() if as_json else spread_text(spread))


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
        Destination("docker-archive", output).check()
    engine = Engine.connect()
    made = (
        restore_base(source, engine) if source else make_base(engine, ConsoleProgress(), add or ())
    )
    if output is not None:
        write_archive([made.image], output)
    fact = {"reference": made.saved.reference, "diff_ids": made.saved.diff_ids}
    fact["packages"] = made.saved.packages
    print_result(json.dumps(fact) if as_json else made.saved.reference)


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


def _printed(built: Built, output: Destination) -> str:
    return built.images[0].name if output.path is None else str(output.path)
