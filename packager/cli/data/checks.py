"""Commands that find data issues: ``data check``, ``data issues``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from packager.cli.app import AsJson
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.data.group import CHECK, Where, data
from packager.cli.reporting import (
    Issues,
    Replaces,
    ReportUrl,
    check_reporting,
    data_name,
    send_findings,
)

if TYPE_CHECKING:
    from packager.review.check import CheckResult, CheckTarget

Target = Annotated[str | None, typer.Option(help="The column to predict, without a project.")]
Baseline = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|TABLE", help="Rows to compare with; else the table's previous version."
    ),
]
Base = Annotated[str | None, typer.Option(help="Base image that replaces [image] base.")]
Fresh = Annotated[bool, typer.Option("--no-cache", help="Ignore cached results.")]
Output = Annotated[Path | None, typer.Option(help="Write issues.parquet, .csv and .html there.")]


@data.command(rich_help_panel=CHECK)
def check(
    path: Where = ".",
    target: Target = None,
    baseline: Baseline = None,
    base: Base = None,
    output: Output = None,
    no_cache: Fresh = False,
    tracker: Issues = None,
    report_url: ReportUrl = None,
    replaces: Replaces = None,
    as_json: AsJson = False,
) -> None:
    """Find data issues; exit 1 if one would stop a build.

    Exit 1 if there are no rows, too.
    """
    from packager.report.data_check import counts_text
    from packager.review.check import check_data, resolve_target

    check_reporting(tracker, report_url=report_url, replaces=replaces)
    check_target = resolve_target(path)
    checked = check_data(
        check_target, ConsoleProgress(), target=target, against=baseline, base=base, fresh=no_cache
    )
    _write(checked, check_target, output)
    report = checked.report
    if tracker is not None:
        from packager.findings.from_data_check import findings_of_data
        from packager.findings.report_page import ReportPage, with_page
        from packager.report.data_issues import PAGE

        told_findings = findings_of_data(
            report,
            checked.open,
            check_target.title,
            check_target.name,
            time.time(),
            data_name(replaces),
        )
        page = ReportPage(report_url, None if output is None else output / PAGE)
        send_findings(tracker, with_page(told_findings, page), ConsoleProgress())
    if as_json:
        result: dict[str, Any] = report.model_dump(mode="json", include={"rows", "counts", "notes"})
        result |= {"digest": report.digest, "blocking": len(checked.blocking)}
        result |= {"isolation": dict(checked.isolation) or None}
        result |= {"judged": len(report.findings) - len(checked.open)}
        print_result(json.dumps(result))
    else:
        print_result(counts_text(report, checked.verdicts, terminal_columns()))
    if checked.blocking or not report.rows:
        raise typer.Exit(1)


@data.command(rich_help_panel=CHECK)
def issues(
    path: Where = ".",
    limit: Annotated[int, typer.Option(min=1, help="Number of issues to print.")] = 20,
    target: Target = None,
    baseline: Baseline = None,
    base: Base = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Show the data issues without a verdict, worst first."""
    from packager.report.data_check import issues_text
    from packager.review.check import check_data, resolve_target

    check_target = resolve_target(path)
    checked = check_data(
        check_target, ConsoleProgress(), target=target, against=baseline, base=base
    )
    _write(checked, check_target, output)
    worst = checked.open[:limit]
    if as_json:
        print_result(json.dumps({"issues": [finding.model_dump(mode="json") for finding in worst]}))
        return
    nothing = "nothing found" if checked.report.rows else "no rows: nothing could be found"
    print_result(issues_text(worst, terminal_columns()) or nothing)
    rest = sum(checked.report.counts.values()) - len(worst)
    if rest > 0:
        ConsoleProgress().step(f"{rest:,} more: --limit, or --output DIR for files and a page")


def _write(checked: CheckResult, target: CheckTarget, output: Path | None) -> None:
    from packager.report.data_issues import write_issues

    if output is None:
        return
    for file in write_issues(checked.report, checked.open, checked.verdicts, output, target.title):
        ConsoleProgress().step(f"wrote {file}")
