"""The application of ``package deploy``, and options that several of its verbs take."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import MONITOR, app, subcommands
from packager.cli.console import ConsoleProgress, print_result
from packager.deploy.parts import ALERTMANAGER, PROMETHEUS
from packager.deploy.prometheus.rules import AlertOptions, Objectives
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.deploy.compose.deploy import DeployResult

deploy = subcommands("Generate what deploys and monitors models.")
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
TrackerAddress = Annotated[
    str, typer.Option("--tracker", help="Address of the issue tracker: dashboards link to it.")
]
TimeScale = Annotated[int, typer.Option(help="Divide windows and delays by this, for a drill.")]
Pushed = Annotated[
    bool, typer.Option("--push", help="The servers push their metrics: docs/monitoring.md.")
]
Keys = Annotated[bool, typer.Option("--keys", help="The servers require API keys.")]
ClusterImage = Annotated[
    str, typer.Option("--image", help="The image as the cluster pulls it: HOST/NAME@sha256:….")
]
ClusterRedis = Annotated[
    str,
    typer.Option("--redis", help="Address of the Redis for labels (default: one of its own)."),
]
WithoutMonitors = Annotated[
    list[str] | None,
    typer.Option(
        "--without", metavar="PART", help="`monitors`: a cluster without Prometheus's operator."
    ),
]
MonitorLabels = Annotated[
    list[str] | None,
    typer.Option(
        "--monitor-label",
        metavar="NAME=VALUE",
        help="Label by which Prometheus's operator selects monitors and rules; repeatable.",
    ),
]
Port = Annotated[
    int, typer.Option(help="The first of ten ports (default: as before, or the next free ones).")
]
Network = Annotated[
    bool, typer.Option("--network", help="Replicas may reach other machines: a Redis, say.")
]
Replicas = Annotated[int, typer.Option(min=1, max=32, help="Number of servers.")]
With = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="PART", help="Add a part: see docs/deploy.md; repeatable."),
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="PART", help="Leave a part out; repeatable."),
]


def objectives_of(
    verb: str,
    latency: float,
    latency_share: float,
    success_share: float,
    design_effect: float,
    label_coverage: float,
) -> Objectives:
    """The objectives that options say; raises ``UsageError`` that names the wrong option."""
    try:
        return Objectives(latency, latency_share, success_share, design_effect, label_coverage)
    except ValueError as error:
        raise _named(verb, error) from error


def alert_options(
    verb: str,
    runbooks: str,
    grafana: str,
    time_scale: int = 1,
    *,
    tracker: str = OPTIONS.tracker,
    pushed: bool = False,
) -> AlertOptions:
    """What alerts and dashboards link to; raises ``UsageError`` that names the wrong option."""
    try:
        return AlertOptions(runbooks, grafana, time_scale, pushed, tracker)
    except ValueError as error:
        raise _named(verb, error) from error


def _named(verb: str, error: ValueError) -> UsageError:
    name, _, wrong = str(error).partition(": ")
    option = name.removesuffix("_seconds").replace("_", "-")
    return UsageError(f"--{option}: {wrong}", f"see `package deploy {verb} --help`")


def print_next_steps(output: Path, done: DeployResult, *options: str) -> None:
    """Print how Compose starts what was written, and Prometheus reads its new files."""
    progress, compose = ConsoleProgress(), f"docker compose -f {output}/compose.yml"
    progress.step(" ".join(["start:", compose, "up -d", *options]))
    readers = sorted({PROMETHEUS, ALERTMANAGER} & done.fleet.parts)
    if not done.new and readers:
        progress.step(f"if it runs already: {compose} kill -s HUP {' '.join(readers)}")


def print_files(
    output: Path,
    files: Iterable[str],
    changed: Iterable[str],
    *,
    as_json: bool,
    **facts: object,
) -> None:
    """Print the paths of ``files``, and warn of those that the user ``changed``."""
    for path in changed:
        ConsoleProgress().warn(f"{output / path}: you changed it, so it stays as it is")
    listed = sorted(files)
    document = {"directory": str(output), "files": listed, **facts}
    shown = "\n".join(str(output / file) for file in listed)
    print_result(json.dumps(document) if as_json else shown)
