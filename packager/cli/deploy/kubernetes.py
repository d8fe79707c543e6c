"""``package deploy kubernetes``: manifests of one model's server."""

from __future__ import annotations

from typing import Annotated

import typer

from packager.cli.app import AsJson, Ref
from packager.cli.console import ConsoleProgress
from packager.cli.deploy.options import (
    DEFAULT,
    OPTIONS,
    DesignEffect,
    GrafanaAddress,
    Keys,
    LabelCoverage,
    Latency,
    LatencyShare,
    OutputFolder,
    Runbooks,
    SuccessShare,
    TrackerAddress,
    alert_options,
    deploy,
    objectives_of,
    print_files,
)


@deploy.command()
def kubernetes(
    reference: Ref,
    output: OutputFolder,
    image: Annotated[
        str, typer.Option(help="The image as the cluster pulls it: HOST/NAME@sha256:….")
    ],
    redis: Annotated[
        str, typer.Option(help="Address of the Redis for labels (default: one of its own).")
    ] = "",
    keys: Keys = False,
    monitor_label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Label by which Prometheus's operator selects monitors and rules; repeatable.",
        ),
    ] = None,
    latency: Latency = DEFAULT.latency_seconds,
    latency_share: LatencyShare = DEFAULT.latency_share,
    success_share: SuccessShare = DEFAULT.success_share,
    design_effect: DesignEffect = DEFAULT.design_effect,
    label_coverage: LabelCoverage = DEFAULT.label_coverage,
    runbooks: Runbooks = OPTIONS.runbooks,
    grafana: GrafanaAddress = OPTIONS.grafana,
    tracker: TrackerAddress = OPTIONS.tracker,
    as_json: AsJson = False,
) -> None:
    """Write a kustomize base and overlays.

    In a folder with other models this one joins them. Another version of a model replaces it.
    """
    from packager.deploy.kubernetes.deploy import ClusterOptions, deploy_kubernetes
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference

    objectives = objectives_of(
        "kubernetes", latency, latency_share, success_share, design_effect, label_coverage
    )
    options = alert_options("kubernetes", runbooks, grafana, tracker=tracker)
    cluster = ClusterOptions.parse(image, redis, monitor_label or (), keys=keys)
    with open_reference(reference, Engine.connect()) as found:
        done = deploy_kubernetes(found, output, cluster, objectives, options)
    print_files(output, done.files, done.changed, as_json=as_json, version=done.version)
    progress = ConsoleProgress()
    folder = f"{output}/{done.folder}/overlays/dev"
    progress.step(f"make the key of feedback tokens: see {folder}/kustomization.yaml")
    progress.step(f"start: kubectl apply -k {folder}")
