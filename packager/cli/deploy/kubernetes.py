"""``package deploy kubernetes``: manifests of one model's server."""

from __future__ import annotations

from packager.cli.app import AsJson, Ref
from packager.cli.console import ConsoleProgress
from packager.cli.deploy.options import (
    DEFAULT,
    OPTIONS,
    ClusterImage,
    ClusterRedis,
    DesignEffect,
    GrafanaAddress,
    Keys,
    LabelCoverage,
    Latency,
    LatencyShare,
    MonitorLabels,
    OutputFolder,
    Runbooks,
    SuccessShare,
    TrackerAddress,
    WithoutMonitors,
    alert_options,
    deploy,
    objectives_of,
    print_files,
)


@deploy.command()
def kubernetes(
    reference: Ref,
    output: OutputFolder,
    image: ClusterImage,
    redis: ClusterRedis = "",
    keys: Keys = False,
    monitor_label: MonitorLabels = None,
    without: WithoutMonitors = None,
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
    cluster = ClusterOptions.parse(
        image, redis, monitor_label or (), keys=keys, left_out=without or ()
    )
    with open_reference(reference, Engine.connect()) as found:
        done = deploy_kubernetes(found, output, cluster, objectives, options)
    print_files(output, done.files, done.changed, as_json=as_json, version=done.version)
    progress = ConsoleProgress()
    folder = f"{output}/{done.folder}/overlays/dev"
    progress.step(f"make the key of feedback tokens: see {folder}/kustomization.yaml")
    progress.step(f"start: kubectl apply -k {folder}")
