"""``package deploy compose``: servers, proxy and monitoring on one host."""

from __future__ import annotations

from typing import Annotated

import typer

from packager.cli.app import AsJson, Ref
from packager.cli.console import ConsoleProgress
from packager.cli.deploy.alert_settings import OBJECTIVES, AlertSettings, alert_settings
from packager.cli.deploy.options import (
    Keys,
    Network,
    OutputFolder,
    Pins,
    Port,
    Replicas,
    With,
    Without,
    deploy,
    print_files,
    print_next_steps,
)


@deploy.command()
@alert_settings(*OBJECTIVES, "runbooks", "grafana", "time_scale")
def compose(
    reference: Ref,
    output: OutputFolder,
    image: Annotated[
        str, typer.Option(help="The image as the engine finds it (default: as it is named here).")
    ] = "",
    replicas: Replicas = 1,
    port: Port = 0,
    keys: Keys = False,
    network: Network = False,
    with_: With = None,
    without: Without = None,
    pin: Pins = None,
    *,
    settings: AlertSettings,
    as_json: AsJson = False,
) -> None:
    """Write a Compose file: servers, proxy, monitoring.

    In a folder with other models this one joins them. Another version of a model replaces it:
    `package deploy update` does so without a lost request.
    """
    from packager.deploy.compose.deploy import ComposeOptions, deploy_compose
    from packager.deploy.part_images import parsed_pins
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference

    options = ComposeOptions(
        *(image, replicas, port, keys, network),
        *(tuple(with_ or ()), tuple(without or ()), parsed_pins(pin or ())),
    )
    with open_reference(reference, Engine.connect()) as package:
        done = deploy_compose(package, output, options, settings.objectives, settings.options)
        name, version = package.manifest.name, package.manifest.tag
        in_file = package.engine is None and not package.source and not image
    models = sorted(done.fleet.members)
    print_files(output, done.files, done.changed, as_json=as_json, models=models)
    progress = ConsoleProgress()
    progress.step(f"deployed: {', '.join(models)}")
    if done.before not in (None, version):
        progress.step(f"{name}: {version} replaces {done.before}")
    if keys:
        label = done.fleet.members[name].label
        progress.step(
            f"write: one key a line into {output}/keys/{label}.keys, and one of them, for "
            f"Prometheus, into {output}/prometheus/keys/{label}.key"
        )
    if done.fleet.tracker:
        progress.step("make the tracker's image: package issues image --base BASE")
    if in_file:
        progress.warn(
            f"{done.fleet.members[name].image}: an engine does not look into files: build with "
            "--output docker, or push it and deploy HOST/NAME@sha256:…"
        )
    print_next_steps(output, done)
