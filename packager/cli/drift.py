"""``package drift``: what the counters of served packages say."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from packager.cli.app import MONITOR, AsJson, KeyFile, app
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.reporting import Issues, ReportUrl, check_reporting, send_findings
from packager.deploy.prometheus.rules import Objectives
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.replicas.counters import CounterTotals, ModelSelector
    from packager.replicas.metric_names import MetricNames
    from packager.tracker.core.finding import Report

DEFAULT = Objectives()


@app.command(rich_help_panel=MONITOR)
def drift(
    urls: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="URL|DIR",
            help="The address of a server, of every replica; or an output of `package score`.",
        ),
    ] = None,
    prometheus: Annotated[
        str | None, typer.Option(help="Address of a Prometheus, instead of the replicas.")
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(help="Time window, with --prometheus.", show_default="1d; 30d with --shadow"),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model name, if there are several.")] = None,
    version: Annotated[
        str | None, typer.Option(help="Model version, if there are several.")
    ] = None,
    key_file: KeyFile = None,
    design_effect: Annotated[
        float, typer.Option(help="Design effect: dependent rows per independent row.")
    ] = DEFAULT.design_effect,
    fail_on_drift: Annotated[
        bool,
        typer.Option(
            "--fail-on-drift",
            help='Exit 1 for any verdict but "no drift"; with --shadow "challenger better".',
        ),
    ] = False,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Compare champion and challenger instead.")
    ] = False,
    horizon: Annotated[
        float | None,
        typer.Option(
            help="Labels at which the interval of --shadow is narrowest; choose it first.",
            show_default="2000",
        ),
    ] = None,
    issues: Issues = None,
    report_url: ReportUrl = None,
    as_json: AsJson = False,
) -> None:
    """Report drifted features, anomalies and slice regressions.

    Uses the thresholds of the alerts.
    """
    from packager.client import read_key
    from packager.replicas.counters import ModelSelector

    check_reporting(issues, report_url=report_url)
    if bool(urls) == bool(prometheus):
        raise UsageError(
            "expected addresses of servers or --prometheus, got " + ("both" if urls else "neither"),
            "name every replica, or one Prometheus",
        )
    if window is not None and not prometheus:
        raise UsageError(
            "--window: expected --prometheus with it",
            "replicas count since their start; only Prometheus has a history",
        )
    if not design_effect >= 1:
        raise UsageError(
            f"--design-effect: expected at least 1, got {design_effect}", "use --design-effect 1"
        )
    if horizon is not None and not (shadow and 1 <= horizon <= 1e9):
        raise UsageError(
            f"--horizon: expected --shadow and 1 to 1e9 labels, got {horizon:g}",
            "package drift URL --shadow --horizon 2000",
        )
    selector = ModelSelector(model, version)
    counted = _Counted(
        urls or [], prometheus, window, selector, None if key_file is None else read_key(key_file)
    )
    if shadow:
        code = _compare_shadow(
            counted, design_effect, horizon or 2_000.0, (issues, report_url), as_json
        )
    else:
        code = _report_drift(counted, design_effect, (issues, report_url), as_json)
    if fail_on_drift and code:
        raise typer.Exit(code)


class _Counted(NamedTuple):
    """The servers whose counters are read, and the period."""

    urls: list[str]
    prometheus: str | None
    window: str | None
    selector: ModelSelector
    key: str | None

    def totals(self, window: str, names: MetricNames) -> CounterTotals:
        """The counters ``names``; ``window``: the default one."""
        from packager.replicas.counters import query_prometheus, scrape_replicas

        if self.prometheus:
            window = self.window or window
            return query_prometheus(self.prometheus, window, self.selector, self.key, names)
        return scrape_replicas(self.urls, self.selector, self.key, names)


def _compare_shadow(
    counted: _Counted,
    design_effect: float,
    horizon: float,
    report_to: tuple[str | None, str | None],
    as_json: bool,
) -> int:
    """Print and report; 1 unless the challenger is better."""
    from packager.findings.from_shadow import findings_of_shadow
    from packager.replicas.shadow import SHADOW_NAMES, shadow_report
    from packager.report.shadow import shadow_text

    report = shadow_report(counted.totals("30d", SHADOW_NAMES), design_effect, horizon)
    if report_to[0] is not None:
        _send(report_to, findings_of_shadow(report, time.time()))
    print_result(
        json.dumps(report.as_json()) if as_json else shadow_text(report, terminal_columns())
    )
    return int(report.verdict != "challenger better")


def _report_drift(
    counted: _Counted,
    design_effect: float,
    report_to: tuple[str | None, str | None],
    as_json: bool,
) -> int:
    """Print and report; 1 unless nothing has drifted."""
    from packager.findings.from_drift import findings_of_drift
    from packager.replicas.drift import drift_report
    from packager.replicas.metric_names import DRIFT_NAMES
    from packager.report.drift import as_text

    report = drift_report(counted.totals("1d", DRIFT_NAMES), design_effect)
    if report_to[0] is not None:
        _send(report_to, findings_of_drift(report, time.time()))
    print_result(json.dumps(report.as_json()) if as_json else as_text(report, terminal_columns()))
    return int(report.verdict != "no drift")


def _send(report_to: tuple[str | None, str | None], report: Report) -> None:
    """Send findings to the tracker, with the report's page; ``report_to``: both addresses."""
    from packager.findings.report_page import ReportPage, with_page

    issues, report_url = report_to
    send_findings(issues, with_page(report, ReportPage(report_url)), ConsoleProgress())
