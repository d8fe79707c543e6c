"""Findings of ``build --issues``: weak slices, time, the last package's test, the data check."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from packager.cli.console import ConsoleProgress
from packager.cli.reporting import data_name, send_findings
from packager.errors import PackageError

if TYPE_CHECKING:
    from packager.build.previous import PreviousTest, PreviousTime
    from packager.build.record import BuildResult


def report_build(
    url: str,
    report_url: str | None,
    built: BuildResult,
    before: PreviousTest | None,
    cost: PreviousTime | None,
) -> None:
    """Report weak slices, more processor time and the last package's test to a tracker."""
    from packager.findings.from_build import findings_of_build
    from packager.findings.from_test import findings_of_test
    from packager.findings.report_page import ReportPage, with_page

    progress, now, page = ConsoleProgress(), time.time(), ReportPage(report_url)
    if before is not None:
        findings = findings_of_test(before.report, data_name(before.data), now)
        send_findings(url, with_page(findings, page), progress)
    findings = findings_of_build(built.manifest, built.weak, now, cost.check if cost else None)
    send_findings(url, with_page(findings, page), progress)


def report_data(url: str, report_url: str | None, project: Path, base: str | None) -> None:
    """Report the data check that the build made; it is cached."""
    from packager.findings.from_data_check import findings_of_data
    from packager.findings.report_page import ReportPage, with_page
    from packager.project.config import load_project
    from packager.review.check import check_data, resolve_target

    if load_project(project).data is None:
        return
    progress, target = ConsoleProgress(), resolve_target(str(project))
    try:
        checked = check_data(target, progress, base=base)
    except PackageError as error:  # the image is built: reporting doesn't fail the build
        progress.warn(f"the findings of the data were not sent: {error.message}")
        return
    findings = findings_of_data(
        checked.report, checked.open, target.title, target.name, time.time()
    )
    send_findings(url, with_page(findings, ReportPage(report_url)), progress)
