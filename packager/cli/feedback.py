"""Command that sends true labels to a server: ``feedback``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import MONITOR, AsJson, KeyFile, app, make_client
from packager.cli.console import ConsoleProgress, print_result
from packager.cli.reporting import Issues, ReportUrl, check_reporting, send_findings
from packager.errors import PackageError

if TYPE_CHECKING:
    from packager.client import Client
    from packager.replicas.feedback import FeedbackResult

MAX_SHOWN = 20


@app.command(rich_help_panel=MONITOR)
def feedback(
    url: Annotated[str, typer.Argument(metavar="URL", help="The server, or any replica of it.")],
    source: Annotated[
        Path,
        typer.Option(
            "--data",
            help="CSV, JSON, JSON lines or Parquet: token, actual, and with [outputs] answer.",
        ),
    ],
    key_file: KeyFile = None,
    issues: Issues = None,
    report_url: ReportUrl = None,
    as_json: AsJson = False,
) -> None:
    """Send true labels to a server; exit 1 if one is not counted.

    An empty cell, NaN, None or null is no label yet: it is skipped, and its token stays valid.
    """
    from packager.replicas.feedback import send

    check_reporting(issues, report_url=report_url)
    with make_client(url, key_file) as client:
        sent = send(client, source, ConsoleProgress())
        if issues is not None:
            _report(issues, client, sent, source.name, report_url)
    print_result(_as_json(sent) if as_json else _as_text(sent))
    if not sent.complete:
        raise typer.Exit(1)


def _report(url: str, client: Client, sent: FeedbackResult, file: str, page: str | None) -> None:
    """Report refused labels to the issue tracker at ``url``."""
    from packager.findings.from_feedback import findings_of_feedback
    from packager.findings.report_page import ReportPage, with_page

    progress = ConsoleProgress()
    try:
        served = client.package()
    except PackageError as error:  # the labels are counted: reporting doesn't fail the verb
        progress.warn(f"the findings were not sent: {error.message}")
        return
    findings = findings_of_feedback(sent, served.name, served.tag, file, time.time())
    send_findings(url, with_page(findings, ReportPage(page)), progress)


def _as_json(sent: FeedbackResult) -> str:
    counts = {"accepted": sent.accepted, "skipped": sent.skipped, "reasons": sent.reasons}
    rejected = [{sent.unit: unit_name, "reason": reason} for unit_name, reason in sent.rejected]
    return json.dumps({**counts, "rejected": rejected})


def _as_text(sent: FeedbackResult) -> str:
    lines = [f"counted: {sent.accepted} labels"]
    if sent.skipped:
        lines.append(f"skipped: {sent.skipped} without a label yet")
    lines += [f"not counted: {count} {reason}" for reason, count in sent.reasons.items()]
    lines += [
        f"  {sent.unit} {unit_name}: {reason}" for unit_name, reason in sent.rejected[:MAX_SHOWN]
    ]
    if len(sent.rejected) > MAX_SHOWN:
        lines.append(f"  and {len(sent.rejected) - MAX_SHOWN} more; --json names them all")
    return "\n".join(lines)
