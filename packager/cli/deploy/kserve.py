"""``package deploy kserve``: an InferenceService and what monitors it."""

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
    WithoutMonitors,
    deploy,
    print_files,
)
from packager.deploy.parts import REDIS


@deploy.command()
@alert_settings(*OBJECTIVES, "runbooks", "grafana")
def kserve(
    reference: Ref,
    output: OutputFolder,
    image: ClusterImage,
    canary: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the requests that this version gets beside the stable one.",
        ),
    ] = None,
    redis: ClusterRedis = "",
    keys: Keys = False,
    monitor_label: MonitorLabels = None,
    without: WithoutMonitors = None,
    pin: Pins = None,
    *,
    settings: AlertSettings,
    as_json: AsJson = False,
) -> None:
    """Write an InferenceService in a kustomize base, with overlays.

    In a folder with other models this one joins them. Another version of a model replaces it, or
    joins it as a canary.
    """
    from packager.deploy.kserve.deploy import deploy_kserve
    from packager.deploy.kserve.versions import percent_of
    from packager.deploy.kubernetes.deploy import ClusterOptions
    from packager.deploy.part_images import parsed_pins
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference

    cluster = ClusterOptions.parse(
        *(image, redis, monitor_label or ()),
        keys=keys,
        left_out=without or (),
        pins=parsed_pins(pin or (), (REDIS,)),
    )
    with open_reference(reference, Engine.connect()) as package:
        done = deploy_kserve(
            package, output, cluster, settings.objectives, settings.options, percent_of(canary)
        )
    versions, before = done.versions, done.before
    beside = None if versions.canary is None else versions.canary.version
    facts = {"version": versions.stable.version, "canary": beside}
    print_files(output, done.files, done.changed, as_json=as_json, **facts)
    progress = ConsoleProgress()
    folder = f"{output}/{done.folder}/overlays/dev"
    if before is None:
        progress.step(f"make the key of feedback tokens: see {folder}/kustomization.yaml")
    if beside is not None:
        progress.step(
            f"{versions.percent} % of the requests to {beside}, the others to "
            f"{versions.stable.version}"
        )
    elif before is not None and before.canary is not None:
        promoted = before.canary.image == versions.stable.image
        done_to = "is the stable version now" if promoted else "is taken away"
        progress.step(f"the canary {before.canary.version} {done_to}")
    progress.step(f"start: kubectl apply -k {folder}")
