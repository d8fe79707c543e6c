"""``package deploy kubernetes``: manifests of one model's server."""

from __future__ import annotations

from typing import Annotated

import typer

from packager.cli.app import AsJson, Ref
from packager.cli.console import ConsoleProgress
from packager.cli.deploy.alert_settings import OBJECTIVES, AlertSettings, alert_settings
from packager.cli.deploy.options import (
    ClusterImage,
    ClusterRedis,
    Keys,
    MonitorLabels,
    OutputFolder,
    Pins,
    With,
    Without,
    deploy,
    print_files,
)
from packager.deploy.parts import TRACKER
from packager.deploy.schedule import Every


@deploy.command()
@alert_settings(*OBJECTIVES, "runbooks", "grafana", "tracker")
def kubernetes(
    reference: Ref,
    output: OutputFolder,
    image: ClusterImage,
    redis: ClusterRedis = "",
    keys: Keys = False,
    monitor_label: MonitorLabels = None,
    with_: With = None,
    without: Without = None,
    pin: Pins = None,
    companion: Annotated[
        str,
        typer.Option(metavar="IMAGE", help="The companion's image by digest: tests on a schedule."),
    ] = "",
    every: Annotated[Every, typer.Option(help="How often the test runs.")] = "day",
    *,
    settings: AlertSettings,
    as_json: AsJson = False,
) -> None:
    """Write a kustomize base and overlays.

    In a folder with other models this one joins them. Another version of a model replaces it.
    """
    from packager.deploy.kubernetes.cluster_tracker import FOLDER
    from packager.deploy.kubernetes.deploy import PINNABLE, ClusterOptions, deploy_kubernetes
    from packager.deploy.part_images import parsed_pins
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference

    cluster = ClusterOptions.parse(
        *(image, redis, monitor_label or ()),
        keys=keys,
        left_out=[part for part in without or () if part != TRACKER],
        pins=parsed_pins(pin or (), PINNABLE),
    ).with_parts(with_ or (), [part for part in without or () if part == TRACKER], companion, every)
    with open_reference(reference, Engine.connect()) as package:
        done = deploy_kubernetes(package, output, cluster, settings.objectives, settings.options)
    print_files(output, done.files, done.changed, as_json=as_json, version=done.version)
    progress = ConsoleProgress()
    folder = f"{output}/{done.folder}/overlays/dev"
    progress.step(f"make the key of feedback tokens: see {folder}/kustomization.yaml")
    progress.step(f"start: kubectl apply -k {folder}")
    if any(file.startswith(f"{FOLDER}/") for file in done.files):
        progress.step(f"the tracker: kubectl apply -k {output}/{FOLDER}/overlays/dev")
