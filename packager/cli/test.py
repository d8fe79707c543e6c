"""``package test``: a package on new data."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import INSPECT, AsJson, Key, Local, Ref, app, opened
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.reporting import (
    Issues,
    Replaces,
    ReportUrl,
    check_reporting,
    data_name,
    send_findings,
)
from packager.errors import PackageError

if TYPE_CHECKING:
    from packager.engine.engine import Engine
    from packager.image.reference import Reference
    from packager.worker.test.report import DataTestReport


@app.command("test", rich_help_panel=INSPECT)
def run_data_test(
    reference: Ref,
    data: Annotated[
        str, typer.Option(help="New rows: a file, a folder, TABLE, TABLE@5 or TABLE@3..5.")
    ],
    only_new: Annotated[
        bool, typer.Option("--new", help="Only what this package was not tested on yet.")
    ] = False,
    labels: Annotated[
        Path | None, typer.Option(help="A file with right answers that came later.")
    ] = None,
    on: Annotated[
        list[str] | None, typer.Option(help="Column that identifies a row in both; repeatable.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", help="Folder for report.json, junit.xml, summary.md, index.html (none)."
        ),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(help="File for a Markdown summary; appended to $GITHUB_STEP_SUMMARY."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps what was tested (default: beside the data)."),
    ] = None,
    previous: Annotated[
        str | None,
        typer.Option(help="Earlier package: what a row costs is measured in turn with it."),
    ] = None,
    issues: Issues = None,
    report_url: ReportUrl = None,
    replaces: Replaces = None,
    key: Key = None,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Test a package on new data; exit 1 if the verdict is: failed.

    Schema, suspicious values, drift, quality by slice, calibration, fairness, cases, weak slices.
    The policy is [test] of package.toml, when the package was built.
    """
    from packager.report.data_test import as_text
    from packager.report.data_test_files import begin, clear, write_error, write_report
    from packager.testing.run import DataTestRequest, run_test

    check_reporting(issues, report_url=report_url, replaces=replaces)
    begin(reference, output, summary, Path(data))
    request = DataTestRequest(data, labels, tuple(on or ()), only_new, state)
    try:
        with (
            opened(reference, local, key, companion=True) as (package, engine),
            _earlier(previous, engine, key) as earlier,
        ):
            request = replace(request, previous=earlier)
            result = run_test(package, request, engine, ConsoleProgress())
    except PackageError as error:
        write_error(reference, error, output, summary)
        raise
    report = result.report
    if report is None:
        last = result.last
        last_result = (
            "" if last is None else f"; the last test, of {last.tested}: {last.report.sentence}"
        )
        verdict = None if last is None else last.report.verdict
        document = {"new": False, "last_verdict": verdict}
        if last is None:
            clear(output, summary)
        else:
            write_report(last.report, output, summary, _before(result.history, last.report))
        print_result(json.dumps(document) if as_json else f"nothing new in {data}{last_result}")
        if last is not None and not last.report.passed:
            raise typer.Exit(1)  # it still holds: a schedule must not turn green by itself
        return
    write_report(report, output, summary, _before(result.history, report))
    if issues is not None:
        from packager.findings.from_test import findings_of_test
        from packager.findings.report_page import ReportPage, with_page

        findings = findings_of_test(report, data_name(data), time.time(), data_name(replaces))
        page = ReportPage(report_url, _page_of(output, summary))
        send_findings(issues, with_page(findings, page), ConsoleProgress())
    print_result(report.model_dump_json() if as_json else as_text(report, terminal_columns()))
    if not report.passed:
        raise typer.Exit(1)


def _page_of(output: Path | None, summary: Path | None) -> Path | None:
    """The written file that people read."""
    return summary if output is None else output / "index.html"


def _before(history: Sequence[DataTestReport], report: DataTestReport) -> list[DataTestReport]:
    """The other reports of ``history``."""
    return [one for one in history if one != report]


@contextmanager
def _earlier(
    reference: str | None, engine: Engine | None, key: Path | None
) -> Iterator[Reference | None]:
    """The package of ``--previous``, verified as the other is: it runs too."""
    from packager.trust.keys import PublicKey
    from packager.trust.verified import open_verified

    if reference is None:
        yield None
        return
    public = None if key is None else PublicKey.load(key)
    progress = ConsoleProgress()
    with open_verified(reference, engine, progress, public, companion=True) as package:
        yield package
