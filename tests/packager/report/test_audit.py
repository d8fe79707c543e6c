"""What ``package audit`` prints."""

from __future__ import annotations

import json

from packager.report.audit import as_json, as_text
from packager.trust.audit_report import AuditFinding, AuditResult


def test_a_hint_is_printed_once_for_findings_that_follow_each_other() -> None:
    found = AuditResult("shop:1")
    found.scanned["pickles"] = "1 read to their end"
    found.findings = [
        AuditFinding("pickles", "a", "calls x", "allow it"),
        AuditFinding("pickles", "b", "calls y", "allow it"),
        AuditFinding("secrets", "c", "holds one", "rotate it"),
        AuditFinding("secrets", "d", "holds\x1b[31m one"),
    ]
    assert as_text(found).split("\n") == [
        "shop:1",
        "  pickles: 1 read to their end",
        "findings: 4",
        "  pickles: a: calls x",
        "  pickles: b: calls y",
        "    allow it",
        "  secrets: c: holds one",
        "    rotate it",
        "  secrets: d: holds\\x1b[31m one",
    ]
    assert json.loads(as_json(found))["findings"][1]["hint"] == "allow it"


def test_licences_are_printed_on_request_and_clean_is_said() -> None:
    found = AuditResult("shop:1", licences={"a-1": "MIT"})
    assert as_text(found) == "shop:1\nclean: nothing found, nothing left out"
    assert as_text(found, everything=True).split("\n")[1] == "    a-1: MIT"
    found.skipped.append(AuditFinding("imports", "a.py", "is not valid Python"))
    assert "not looked into: 1" in as_text(found)
    assert json.loads(as_json(found))["clean"] is False
