"""The service of the issue tracker: ``issues image``, ``issues serve``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from packager.cli.app import AsJson
from packager.cli.issues.group import SERVE, issues
from packager.errors import UsageError


@issues.command(rich_help_panel=SERVE)
def image(
    base: Annotated[str, typer.Option(help="Base image, such as `package base` makes.")],
    output: Annotated[str, typer.Option(help="docker, oci:DIR or docker-archive:FILE.")] = "docker",
    as_json: AsJson = False,
) -> None:
    """Assemble the issue tracker's image; print its tag."""
    from packager.build.tracker_image import build_tracker_image
    from packager.cache import temporary_directory
    from packager.cli.console import ConsoleProgress, print_result
    from packager.engine.engine import Engine
    from packager.image.export import Destination

    where, engine = Destination.parse(output), Engine.connect()
    with temporary_directory() as folder:
        tracker_image = build_tracker_image(base, where, engine, folder, ConsoleProgress())
    known = {
        "tag": tracker_image.name,
        "config_digest": tracker_image.digest,
        "size": tracker_image.size,
    }
    print_result(json.dumps(known) if as_json else str(where.path or tracker_image.name))


@issues.command(rich_help_panel=SERVE)
def serve(
    state: Annotated[
        Path | None, typer.Option(help="Folder of the service's data; default: your data folder.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 3080,
    database: Annotated[
        str, typer.Option(help="postgresql://USER@HOST/NAME instead of a file below --state.")
    ] = "",
    public_url: Annotated[
        str | None, typer.Option(help="The address that people open, behind a proxy.")
    ] = None,
    alertmanager: Annotated[
        str, typer.Option(help="Address of Alertmanager; of a cluster: all, with commas between.")
    ] = "",
    alertmanager_receiver: Annotated[
        str, typer.Option(help="Only alerts routed to receivers that match; default: all alerts.")
    ] = "",
    prometheus: Annotated[
        str, typer.Option(help="Address of Prometheus, for shares and plots.")
    ] = "",
    time_scale: Annotated[
        int, typer.Option(min=1, max=60, help="The --time-scale of the rules, for a drill.")
    ] = 1,
    queries: Annotated[
        Path | None, typer.Option(help="Folder issues/ that package deploy monitoring wrote.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file: webhook, mail, proxy, links.")
    ] = None,
    report_token_file: Annotated[
        Path | None, typer.Option(help="File with a token of scope report, which is accepted.")
    ] = None,
    read_token_file: Annotated[
        Path | None, typer.Option(help="A file with the token of scope read that Prometheus sends.")
    ] = None,
    open_metrics: Annotated[
        bool, typer.Option("--open-metrics", help="Answer /metrics without a token.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the issue tracker until Ctrl-C."""
    from packager.cli.console import ConsoleProgress, print_result
    from packager.client.address import server_address
    from packager.tracker.location import default_state
    from packager.tracker.notify.config import ServiceConfig, read_config
    from packager.tracker.service.run import check_state, start
    from packager.tracker.service.settings import ServiceSettings, settle_seconds
    from packager.tracker.sources.alertmanager_api import addresses_of
    from packager.tracker.sources.queries import read_queries

    progress = ConsoleProgress()
    state_folder = state or default_state()
    check_state(state_folder)
    for address in (*addresses_of(alertmanager), *([prometheus] if prometheus else [])):
        server_address(address)
    _check_pattern(alertmanager_receiver)
    read = read_config(config) if config is not None else ServiceConfig()
    settings = ServiceSettings(
        public_url=public_url or "",
        alertmanager=alertmanager,
        alertmanager_receiver=alertmanager_receiver,
        prometheus=prometheus,
        time_scale=time_scale,
        settle_seconds=settle_seconds(time_scale),
        queries=read_queries(queries) if queries is not None else {},
        report_token_file=report_token_file,
        read_token_file=read_token_file,
        open_metrics=open_metrics,
        link_prefixes=read.link_prefixes,
        proxy_address=read.proxy.address if read.proxy is not None else "",
        proxy_header=read.proxy.header if read.proxy is not None else "",
    )
    started = start(state_folder, host, port, settings, read, database)
    if as_json:
        known = {"url": started.url, "login_url": started.login_url(),
                 "token_file": str(started.token_file)}  # fmt: skip
        print_result(json.dumps(known))
    else:
        progress.step(f"issues: {started.url}, data in {state_folder}")
        progress.step(f"log in: {started.login_url()} (once, within 10 minutes)")
    started.run()


def _check_pattern(text: str) -> None:
    import re

    try:
        re.compile(text)
    except re.error as error:
        raise UsageError(
            f"--alertmanager-receiver: expected a regular expression, got {text!r}: {error}",
            "for example issues",
        ) from error
