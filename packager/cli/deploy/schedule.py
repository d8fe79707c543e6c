"""``package deploy schedule``: schedules that test a package on new data."""

from __future__ import annotations

from typing import Annotated

import typer

from packager.cli.app import AsJson, Ref
from packager.cli.deploy.options import OutputFolder, deploy, print_files
from packager.deploy.schedule import Every


@deploy.command()
def schedule(
    reference: Ref,
    data: Annotated[str, typer.Option(help="What brings new rows: a table or a folder.")],
    output: OutputFolder,
    every: Annotated[Every, typer.Option(help="How often the test runs.")] = "day",
    state: Annotated[
        str, typer.Option(help="Folder that keeps what was tested (default: beside the data).")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write schedules that test a package on new data.

    For systemd, Kubernetes, GitHub and GitLab.
    """
    from packager.deploy.generated_folder import write
    from packager.deploy.schedule import Schedule, schedule_files
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference
    from packager.image.stored_images import COMPANION

    with open_reference(reference, Engine.connect()) as package:
        requested = Schedule(
            package.manifest.name,
            reference,
            package.name,
            package.name + COMPANION,
            data,
            every,
            state,
        )
    files = schedule_files(requested)
    print_files(output, files, write(output, files, {}), as_json=as_json)
