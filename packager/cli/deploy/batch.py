"""``package deploy batch``: files that have a scheduler score a table."""

from __future__ import annotations

from typing import Annotated

import typer

from packager.cli.app import AsJson, Ref
from packager.cli.deploy.options import OutputFolder, deploy, print_files
from packager.deploy.batch import Scheduler


@deploy.command()
def batch(
    scheduler: Annotated[Scheduler, typer.Argument(help="kubernetes: an Indexed Job; slurm.")],
    reference: Ref,
    data: Annotated[str, typer.Option(help="The table, as its tasks see it.")],
    scores: Annotated[
        str, typer.Option(help="The output of `package score`, as its tasks see it.")
    ],
    output: OutputFolder,
    shards: Annotated[int, typer.Option(help="Number of tasks.")] = 4,
    image: Annotated[
        str, typer.Option(help="Image with the command `package`, for kubernetes.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write a job that scores a table in shards.

    For Kubernetes or Slurm.
    """
    from packager.deploy.batch import BatchScoring, batch_files
    from packager.deploy.generated_folder import write
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference

    with open_reference(reference, Engine.connect()) as package:
        name, python = package.manifest.name, package.lock().python
    files = batch_files(
        scheduler, BatchScoring(name, python, reference, data, scores, shards, image)
    )
    print_files(output, files, write(output, files, {}), as_json=as_json)
