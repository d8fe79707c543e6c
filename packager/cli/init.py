"""Command that creates projects: ``init``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from packager.cli.app import CREATE, AsJson, app
from packager.cli.console import ConsoleProgress, print_result
from packager.errors import UsageError


@app.command(rich_help_panel=CREATE)
def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The new project's folder.")
    ] = Path("."),
    from_model: Annotated[Path | None, typer.Option(help="A model trained elsewhere.")] = None,
    from_mlflow: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="A model that MLflow saved: its folder, runs:/RUN/PATH, models:/NAME/VERSION or "
            "models:/NAME@ALIAS.",
        ),
    ] = None,
    tracking_uri: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="The tracking server of that model. Default: MLFLOW_TRACKING_URI."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The table to train on, or to measure that model on.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help="The column of --data to predict; again for each further one."),
    ] = None,
    member: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PACKAGE",
            help="A member of a solution: a project or a package; again for each.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a project: a starter, for a table, a model or packages.

    In a folder with code it writes the requirements, which are what the code imports in the
    versions of the active environment, and the package.toml if they are missing; it changes no
    file. With --data alone it trains a model on that table. With --from-model or --from-mlflow it
    serves that model, and --data measures it. With --member its flow calls these packages, and
    --data measures the whole.
    """
    from packager.project.existing_code import init_existing
    from packager.project.from_mlflow import init_from_mlflow
    from packager.project.from_model import init_from_model
    from packager.project.scaffold import init_project
    from packager.project.solution_project import init_solution
    from packager.project.training_project import init_training

    _check_sources(from_model, from_mlflow, tracking_uri)
    targets, trained = target or [], from_mlflow is not None or from_model is not None
    only = _only(
        targets, from_mlflow=from_mlflow is not None, solution=bool(member), trained=trained
    )
    notes: tuple[str, ...] = ()
    existing = None
    if not (member or trained) and len(targets) < 2 and (data is not None or only is None):
        existing = init_existing(directory, data, only)
    if existing is not None:
        files, notes = existing.files, existing.notes
    elif member:
        files = init_solution(directory, member, data, only)
    elif from_mlflow is not None:
        files = init_from_mlflow(directory, from_mlflow, data, only, tracking_uri)
    elif from_model is not None:
        files = init_from_model(directory, from_model, data, targets)
    elif data is not None:
        files = init_training(directory, data, targets)
    elif only is not None:
        raise UsageError("--target: expected --data with it, got none", "add --data FILE")
    else:
        files = init_project(directory)
    if as_json:
        print_result(json.dumps({"directory": str(directory), "files": files}))
    else:
        print_result("\n".join(str(directory / name) for name in files))
        guessed = ["task"] + ["target"] * (data is not None and only is None)
        guessed += ["requirements"] * trained
        for note in notes:
            ConsoleProgress().warn(note)
        if existing is None and (trained or data is not None):
            ConsoleProgress().warn(f"{_and(guessed)} guessed: see package.toml")
        ConsoleProgress().step(f"next: package build {directory}")


def _check_sources(
    from_model: Path | None, from_mlflow: str | None, tracking_uri: str | None
) -> None:
    """Raise ``UsageError`` for two models, and for a tracking server without one."""
    if from_mlflow is not None and from_model is not None:
        raise UsageError(
            "--from-model: expected none together with --from-mlflow", "keep one of the two"
        )
    if tracking_uri is not None and from_mlflow is None:
        raise UsageError(
            "--tracking-uri: expected --from-mlflow with it, got none",
            "write --from-mlflow models:/NAME@ALIAS",
        )


def _only(
    targets: Sequence[str], *, from_mlflow: bool, trained: bool, solution: bool
) -> str | None:
    """The first target; raises ``UsageError`` for several of a model of MLflow.

    ``solution``: whether members are given, which go with neither.
    """
    if solution and (trained or len(targets) > 1):
        raise UsageError(
            "--member: expected neither a model nor several targets with it",
            "package the model alone, and name its project with --member",
        )
    if from_mlflow and len(targets) > 1:
        raise UsageError(
            f"--target: expected one column for a model of MLflow, got {', '.join(targets)}",
            "write [outputs] into its package.toml",
        )
    return targets[0] if targets else None


def _and(words: list[str]) -> str:
    first = ", ".join(words[:-1])
    return f"{first} and {words[-1]} are" if first else f"{words[-1]} is"
