"""``package deploy swarm``: a stack of servers, proxies and monitoring on Docker Swarm."""

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
)


@deploy.command()
@alert_settings(*OBJECTIVES, "runbooks", "grafana", "time_scale")
def swarm(
    reference: Ref,
    output: OutputFolder,
    image: Annotated[str, typer.Option(help="The image as every host pulls it.")],
    replicas: Replicas = 2,
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
    """Write a stack file for Docker Swarm.

    In a folder with other models this one joins them. Another version of a model replaces it:
    `package deploy update` compares the two first.
    """
    from packager.deploy.compose.deploy import ComposeOptions
    from packager.deploy.part_images import parsed_pins
    from packager.deploy.swarm.deploy import plan_swarm, write_plan
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference

    options = ComposeOptions(
        *(image, replicas, port, keys, network),
        *(tuple(with_ or ()), tuple(without or ()), parsed_pins(pin or ())),
    )
    with open_reference(reference, Engine.connect()) as package:
        plan = plan_swarm(package, output, options, settings.objectives, settings.options)
        name, version = package.manifest.name, package.manifest.tag
    done = write_plan(plan, output)
    models = sorted(done.fleet.members)
    print_files(output, done.files, done.changed, as_json=as_json, models=models)
    progress = ConsoleProgress()
    progress.step(f"deployed: {', '.join(models)}")
    if done.before not in (None, version):
        progress.step(f"{name}: {version} replaces {done.before}")
    if keys:
        label = done.fleet.members[name].label
        progress.step(f"the servers' keys: {output}/keys/{label}.keys")
    if done.fleet.tracker:
        progress.step("make the tracker's image: package issues image --base BASE")
    if done.fleet.parts:
        progress.step(
            "name the host of the volumes: docker node update --label-add package.state=true NODE"
        )
    progress.step(f"start: {start_command(output)}")


def start_command(output: object) -> str:
    """The command that deploys the folder, also again."""
    return f"docker stack deploy --with-registry-auth --prune -c {output}/stack.yml STACK"
