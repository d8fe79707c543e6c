"""Command that shows the panels of the dashboards without Grafana: ``dashboard``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import MONITOR, AsJson, KeyFile, RefOrUrl, app, is_server, refuse_key_file
from packager.cli.console import ConsoleProgress, print_result
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.report.dashboard.site import PrometheusSite, ScrapedSite

PORT = 3070


@app.command(rich_help_panel=MONITOR)
def dashboard(
    reference: RefOrUrl,
    prometheus: Annotated[
        str | None, typer.Option(help="Address of the Prometheus that scrapes the model.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write one page to this file instead of serving pages.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: any.", show_default=str(PORT)),
    ] = None,
    window: Annotated[str, typer.Option(help="1h, 6h, 24h, 7d or 30d.")] = "24h",
    slice_: Annotated[
        str, typer.Option("--slice", help="The slice of the slice view.")
    ] = "__all__",
    feature: Annotated[
        str, typer.Option(help="The feature whose bins are shown.", show_default="the first")
    ] = "",
    tracker: Annotated[
        str, typer.Option(help="Address of the issue tracker: panels link to it.")
    ] = "",
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the dashboard's panels as a page, without Grafana.

    With --prometheus over time, for all replicas and versions; for the address of a server alone
    what it counted since its start.
    """
    from packager.report.dashboard.address import PageAddress, check_window

    if output is not None and port is not None:
        raise UsageError("expected --output or --port, got both", "leave one of them out")
    try:
        check_window(window)
    except ValueError as error:
        raise UsageError(f"--{error}", "for example --window 7d") from error
    site = _site(reference, prometheus, tracker, key_file)
    address = PageAddress(window=window, slice=slice_, feature=feature)
    if output is None:
        _serve(site, PORT if port is None else port, as_json=as_json)
        return
    from packager.cache import atomic_file

    text = site.file(address)
    with atomic_file(output) as file:
        file.write_text(text, encoding="utf-8")
    print_result(json.dumps({"file": str(output)}) if as_json else str(output))


def _site(
    reference: str, prometheus: str | None, tracker: str, key_file: Path | None
) -> PrometheusSite | ScrapedSite:
    """The maker of the pages, once its source has answered."""
    from packager.client import read_key
    from packager.client.address import server_address
    from packager.deploy.monitoring import monitored
    from packager.deploy.prometheus.rules import ADDRESS, Objectives
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference
    from packager.report.dashboard.scraped_source import scraped, scraped_model
    from packager.report.dashboard.site import PrometheusSite, ScrapedSite

    if tracker and not ADDRESS.fullmatch(tracker):
        raise UsageError(
            f"--tracker: expected an address with http:// or https://, got {tracker!r}",
            "for example http://127.0.0.1:3080",
        )
    if prometheus is not None:
        server_address(prometheus)
    if is_server(reference):
        key = None if key_file is None else read_key(key_file)
        model = scraped_model(scraped(reference, key))
        if prometheus is None:
            return ScrapedSite(model, lambda: scraped(reference, key))
    else:
        refuse_key_file(key_file)
        if prometheus is None:
            raise UsageError(
                f"{reference}: expected --prometheus with a package, which has no traffic itself",
                "add --prometheus http://HOST:9090, or name a server: package dashboard"
                " http://HOST:3000",
            )
        with open_reference(reference, Engine.connect()) as package:
            model = monitored(package, Objectives())
    site = PrometheusSite(model, prometheus, tracker)
    site.check()
    return site


def _serve(site: PrometheusSite | ScrapedSite, port: int, *, as_json: bool) -> None:
    """Serve until the person ends it."""
    from packager.report.dashboard.server import dashboard_server

    with dashboard_server(site, port) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print_result(json.dumps({"url": address}) if as_json else address)
        ConsoleProgress().step("stop: Ctrl-C")
        server.serve_forever()
