"""``package deploy monitoring``: files for a Prometheus and a Grafana that run already."""

from __future__ import annotations

from packager.cli.app import AsJson, Ref
from packager.cli.console import ConsoleProgress
from packager.cli.deploy.alert_settings import LINKS, OBJECTIVES, AlertSettings, alert_settings
from packager.cli.deploy.options import (
    OutputFolder,
    deploy,
    print_files,
)


@deploy.command()
@alert_settings(*OBJECTIVES, *LINKS)
def monitoring(
    reference: Ref,
    output: OutputFolder,
    *,
    settings: AlertSettings,
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

    with open_reference(reference, Engine.connect()) as package:
        done = deploy_monitoring(package, output, settings.objectives, settings.options)
        name = package.manifest.name
    print_files(output, done.files, done.changed, as_json=as_json, models=list(done.models))
    progress = ConsoleProgress()
    progress.step(f"watched: {', '.join(done.models)}")
    progress.step(f"check: promtool test rules {output}/prometheus/tests/{name}.yml")
