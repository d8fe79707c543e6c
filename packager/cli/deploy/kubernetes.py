"""``package deploy kubernetes``: manifests of one model's server."""

from __future__ import annotations

from packager.cli.app import AsJson, Ref
from packager.cli.console import ConsoleProgress
from packager.cli.deploy.alert_settings import OBJECTIVES, AlertSettings, alert_settings
from packager.cli.deploy.options import (
    ClusterImage,
    ClusterRedis,
    Keys,
    MonitorLabels,
    OutputFolder,
    WithoutMonitors,
    deploy,
    print_files,
)


@deploy.command()
@alert_settings(*OBJECTIVES, "runbooks", "grafana", "tracker")
def kubernetes(
    reference: Ref,
    output: OutputFolder,
    image: ClusterImage,
    redis: ClusterRedis = "",
    keys: Keys = False,
    monitor_label: MonitorLabels = None,
    without: WithoutMonitors = None,
    *,
    settings: AlertSettings,
    as_json: AsJson = False,
) -> None:
    """Write a kustomize base and overlays.

    In a folder with other models this one joins them. Another version of a model replaces it.
    """
    from packager.deploy.kubernetes.deploy import ClusterOptions, deploy_kubernetes
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference

    cluster = ClusterOptions.parse(
        image, redis, monitor_label or (), keys=keys, left_out=without or ()
    )
    with open_reference(reference, Engine.connect()) as found:
        done = deploy_kubernetes(found, output, cluster, settings.objectives, settings.options)
    print_files(output, done.files, done.changed, as_json=as_json, version=done.version)
    progress = ConsoleProgress()
    folder = f"{output}/{done.folder}/overlays/dev"
    progress.step(f"make the key of feedback tokens: see {folder}/kustomization.yaml")
    progress.step(f"start: kubectl apply -k {folder}")
