"""The application of ``package deploy``, and options that several of its verbs take."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import MONITOR, app, subcommands
from packager.cli.console import ConsoleProgress, print_result
from packager.deploy.parts import ALERTMANAGER, GATEWAY, PROMETHEUS

if TYPE_CHECKING:
    from packager.deploy.compose.deploy import DeployResult

deploy = subcommands("Generate what deploys and monitors models.")
app.add_typer(deploy, name="deploy", rich_help_panel=MONITOR)

OutputFolder = Annotated[Path, typer.Option(help="A new folder, or one this command wrote.")]
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
Pins = Annotated[
    list[str] | None,
    typer.Option(
        "--pin",
        metavar="SERVICE=IMAGE",
        help="Image of a service beside the model by digest: NAME@sha256:…; repeatable.",
    ),
]
With = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="PART", help="Add a part: see docs/deploy.md; repeatable."),
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="PART", help="Leave a part out; repeatable."),
]


def print_next_steps(output: Path, done: DeployResult, *options: str) -> None:
    """Print how Compose starts what was written, and Prometheus reads its new files."""
    progress, compose = ConsoleProgress(), f"docker compose -f {output}/compose.yml"
    progress.step(" ".join(["start:", compose, "up -d", *options]))
    readers = sorted({PROMETHEUS, ALERTMANAGER} & done.fleet.parts)
    if not done.new and readers:
        progress.step(f"if it runs already: {compose} kill -s HUP {' '.join(readers)}")
    if not done.new and GATEWAY in done.fleet.parts:
        progress.step(f"and its gateway: {compose} kill -s USR2 {GATEWAY}")


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
