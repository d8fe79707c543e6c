"""Commands that generate monitoring: ``deploy monitoring``, ``deploy remove``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import MONITOR, AsJson, Ref, app, subcommands
from packager.cli.console import ConsoleProgress, print_result
from packager.deploy.prometheus.rules import AlertOptions, Objectives
from packager.deploy.schedule import Every
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.deploy.monitoring import DeployResult

deploy = subcommands("Generate monitoring configuration.")
app.add_typer(deploy, name="deploy", rich_help_panel=MONITOR)
DEFAULT = Objectives()
OPTIONS = AlertOptions()

OutputFolder = Annotated[Path, typer.Option(help="A new folder, or one this command wrote.")]
Latency = Annotated[float, typer.Option(help="Latency objective in seconds.")]
LatencyShare = Annotated[float, typer.Option(help="Share of responses within that latency.")]
SuccessShare = Annotated[float, typer.Option(help="Share of requests without a server error.")]
DesignEffect = Annotated[
    float, typer.Option(help="Design effect: dependent rows per independent row.")
]
LabelCoverage = Annotated[
    float, typer.Option(help="Expected share of predictions that get a label.")
]
Runbooks = Annotated[
    str, typer.Option(help="Address of the page of runbooks: alerts get a runbook_url.")
]
GrafanaAddress = Annotated[
    str, typer.Option(help="Address of Grafana: alerts link to their panel.")
]


@contextmanager
def named_options(verb: str) -> Iterator[None]:
    """Turns a value out of range into an error that names its option."""
    try:
        yield
    except ValueError as error:
        name, _, wrong = str(error).partition(": ")
        option = name.removesuffix("_seconds").replace("_", "-")
        raise UsageError(f"--{option}: {wrong}", f"see `package deploy {verb} --help`") from error


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
    time_scale: Annotated[
        int, typer.Option(help="Divide windows and delays by this, for a drill.")
    ] = OPTIONS.time_scale,
    keys: Annotated[
        bool,
        typer.Option("--keys", help="The servers require API keys: keys/MODEL.keys of the folder."),
    ] = False,
    tracker: Annotated[
        bool | None,
        typer.Option(
            "--tracker/--no-tracker", help="Whether the issue tracker is a service. Default: yes."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write alerts, their tests and a dashboard; print the files.

    In a folder that watches other models this one joins them. Another version of a model
    replaces it.
    """
    from packager.deploy.monitoring import deploy_monitoring
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference

    with named_options("monitoring"):
        objectives = Objectives(
            latency, latency_share, success_share, design_effect, label_coverage
        )
        options = AlertOptions(runbooks, grafana, time_scale)
    with open_reference(reference, Engine.connect()) as found:
        done = deploy_monitoring(found, output, objectives, options, keys=keys, tracker=tracker)
        name, version = found.manifest.name, found.manifest.tag
    _show_deployed(done, output, as_json)
    progress = ConsoleProgress()
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
    progress.step(f"check: promtool test rules {output}/prometheus/tests/{name}.yml")
    progress.step(f"start: docker compose -f {output}/compose.yml up -d")


@deploy.command()
def schedule(
    reference: Ref,
    data: Annotated[str, typer.Option(help="What brings new rows: a table or a folder.")],
    output: OutputFolder,
    every: Annotated[Every, typer.Option(help="How often.")] = "day",
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

    with open_reference(reference, Engine.connect()) as found:
        asked = Schedule(
            found.manifest.name, reference, found.name, found.name + COMPANION, data, every, state
        )
    files = schedule_files(asked)
    for path in write(output, files, {}):
        ConsoleProgress().warn(f"{output / path}: you changed it, so it stays as it is")
    document = {"directory": str(output), "files": sorted(files)}
    shown = "\n".join(str(output / file) for file in sorted(files))
    print_result(json.dumps(document) if as_json else shown)


@deploy.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="Name of a model in that folder.")],
    output: OutputFolder,
    as_json: AsJson = False,
) -> None:
    """Remove a retired model from a folder that a deployment wrote."""
    from packager.deploy.kubernetes.deploy import is_cluster_folder, remove_kubernetes
    from packager.deploy.monitoring import remove_monitoring

    if is_cluster_folder(output):
        removed = remove_kubernetes(name, output)
        document = {"directory": str(output), "files": list(removed.files)}
        print_result(
            json.dumps(document)
            if as_json
            else "\n".join(str(output / file) for file in removed.files)
        )
        ConsoleProgress().step(
            f"its objects stay in the cluster: kubectl delete all,hpa,pdb,networkpolicy,secret,"
            f"podmonitor,prometheusrule,configmap -l app.kubernetes.io/name={removed.folder}"
        )
        return
    done = remove_monitoring(name, output)
    _show_deployed(done, output, as_json)
    ConsoleProgress().step(f"start: docker compose -f {output}/compose.yml up -d --remove-orphans")


def _show_deployed(done: DeployResult, out: Path, as_json: bool) -> None:
    for path in done.changed:
        ConsoleProgress().warn(f"{out / path}: you changed it, so it stays as it is")
    models = sorted(done.fleet.members)
    document = {"directory": str(out), "files": done.files, "models": models}
    print_result(
        json.dumps(document) if as_json else "\n".join(str(out / file) for file in done.files)
    )
    ConsoleProgress().step(f"watched: {', '.join(models)}")
