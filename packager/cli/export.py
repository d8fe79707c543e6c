"""The command ``export``: a package in the form of another tool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from packager.cli.app import SHARE, AsJson, Key, Ref, app
from packager.cli.console import ConsoleProgress, print_result
from packager.errors import UsageError


@app.command(rich_help_panel=SHARE)
def export(
    reference: Ref,
    mlflow: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a model of MLflow to this new or empty folder."),
    ] = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Write a package as a model of MLflow.

    For `mlflow models serve` and mlflow.pyfunc. The same package gives the same bytes. Nothing of
    the package is run.
    """
    from packager.deploy.mlflow.folder import write_mlflow
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference
    from packager.trust.keys import PublicKey
    from packager.trust.verified import trusted

    if mlflow is None:
        raise UsageError("--mlflow: expected a folder to write, got none", "add --mlflow DIR")
    public, progress = None if key is None else PublicKey.load(key), ConsoleProgress()
    with open_reference(reference, Engine.connect()) as package:
        files = write_mlflow(trusted(package, public, progress), mlflow)
    if as_json:
        print_result(json.dumps({"directory": str(mlflow), "files": files}))
        return
    print_result(str(mlflow))
    progress.step(f"next: mlflow models serve --model-uri {mlflow} --env-manager local")
