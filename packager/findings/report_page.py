"""The address of a verb's report: issues, and proofs that close them, link to it."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import NamedTuple

from packager.tracker.core.finding import MAX_LINKS, Finding, Report

LINK_NAME = "report"


class ReportPage(NamedTuple):
    """The address of a verb's report."""

    url: str | None = None
    file: Path | None = None
    """A file that the verb wrote."""

    @property
    def file_name(self) -> str:
        """The file as it was named on the command line; of an absolute path, its name alone."""
        if self.file is None:
            return ""
        path = PurePath(self.file)
        return path.name if path.is_absolute() or ".." in path.parts else path.as_posix()


def with_page(report: Report | None, page: ReportPage) -> Report | None:
    """The report with the page's address as a link of each finding and of what the scan closes."""
    if report is None or page == ReportPage():
        return report
    findings = tuple(_with_page(finding, page) for finding in report.findings)
    scan = report.scan
    if scan is not None:
        scan = scan.model_copy(update={"report": page.url, "file": page.file_name})
    return Report(findings=findings, scan=scan)


def _with_page(finding: Finding, page: ReportPage) -> Finding:
    changes: dict[str, object] = {}
    if page.url is not None and len(finding.links) < MAX_LINKS:
        changes["links"] = {**finding.links, LINK_NAME: page.url}
    if page.file_name:
        changes["action"] = f"{finding.action} The report is in {page.file_name}.".strip()
    return finding.model_copy(update=changes)
