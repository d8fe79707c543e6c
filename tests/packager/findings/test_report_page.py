from __future__ import annotations

from pathlib import Path

import pytest
from running_trackers import finding

from packager.findings.report_page import ReportPage, with_page
from packager.tracker.core.finding import Report, ScanReport

FOUND = finding(action="Look.")
SCAN = ScanReport(package=FOUND.package, source=FOUND.source, scope="a.csv", complete=True, at=9.0)
REPORT = Report(findings=(FOUND,), scan=SCAN)


def test_findings_and_what_the_scan_closes_link_to_the_report():
    told = with_page(REPORT, ReportPage("https://ci.test/7", Path("out/index.html")))
    assert told is not None
    assert told.scan is not None
    assert (told.scan.report, told.scan.file) == ("https://ci.test/7", "out/index.html")
    [found] = told.findings
    assert found.links["report"] == "https://ci.test/7"
    assert found.action == "Look. The report is in out/index.html."


def test_without_address_and_file_nothing_changes():
    assert with_page(REPORT, ReportPage()) is REPORT
    assert with_page(None, ReportPage("https://ci.test/7")) is None
    told = with_page(Report(findings=REPORT.findings), ReportPage("https://ci.test/7"))
    assert told is not None
    assert told.scan is None


@pytest.mark.parametrize(
    ("path", "name"),
    [("replay.json", "replay.json"), ("/home/ann/r.html", "r.html"), ("../r.html", "r.html")],
)
def test_folders_of_a_machine_are_not_sent(path, name):
    assert ReportPage(file=Path(path)).file_name == name
