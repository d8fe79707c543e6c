"""``package deploy monitoring``: files for a Prometheus and a Grafana that run already."""

from __future__ import annotations

from packager.cli.app import AsJson, Ref
from packager.cli.console import ConsoleProgress
from packager.cli.deploy.options import (
    DEFAULT,
    OPTIONS,
    DesignEffect,
    GrafanaAddress,
    LabelCoverage,
    Latency,
    LatencyShare,
    OutputFolder,
    Pushed,
    Runbooks,
    SuccessShare,
    TimeScale,
    TrackerAddress,
    alert_options,
    deploy,
    objectives_of,
    print_files,
)


@deploy.command()
def monitoring(
    reference: Ref,
    output: OutputFolder,
    latency: Latency = DEFAULT.latency_seconds,
    latency_share: LatencyShare = DEFAULT.latency_share,
    success_share: SuccessShare = DEFAULT.success_share,
    design_effect: DesignEffect = DEFAULT.design_effect,
    label_coverage: LabelCoverage = DEFAULT.label_coverage,
    runbooks: Runbooks = OPTIONS.runbooks,
    grafana: GrafanaAddress = OPTIONS.grafana,
    tracker: TrackerAddress = OPTIONS.tracker,
    time_scale: TimeScale = OPTIONS.time_scale,
    push: Pushed = OPTIONS.pushed,
    as_json: AsJson = False,
) -> None:
    """Write alerts, their tests and dashboards.

    They are for a Prometheus and a Grafana that run already.

    In a folder that watches other models this one joins them. Another version of a model
    replaces it.
    """
    from packager.deploy.monitoring import deploy_monitoring
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference

    objectives = objectives_of(
        "monitoring", latency, latency_share, success_share, design_effect, label_coverage
    )
    options = alert_options(
        "monitoring", runbooks, grafana, time_scale, tracker=tracker, pushed=push
    )
    with open_reference(reference, Engine.connect()) as found:
        done = deploy_monitoring(found, output, objectives, options)
        name = found.manifest.name
    print_files(output, done.files, done.changed, as_json=as_json, models=list(done.models))
    progress = ConsoleProgress()
    progress.step(f"watched: {', '.join(done.models)}")
    progress.step(f"check: promtool test rules {output}/prometheus/tests/{name}.yml")
