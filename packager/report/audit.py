"""The result of ``package audit`` as text and JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from packager.text import escape_control_characters
from packager.trust.audit_report import AuditFinding, AuditResult


def as_text(audit: AuditResult, *, everything: bool = False) -> str:
    """Faults, skipped parts and examined parts; ``everything``: licences, too."""
    lines = [audit.name]
    lines += [f"  {part}: {what}" for part, what in audit.scanned.items()]
    if everything:
        lines += [f"    {name}: {licence}" for name, licence in audit.licences.items()]
    lines += _part("findings", audit.findings) + _part("not looked into", audit.skipped)
    if audit.clean:
        lines.append("clean: nothing found, nothing left out")
    return "\n".join(escape_control_characters(line) for line in lines)


def _part(title: str, findings: list[AuditFinding]) -> list[str]:
    if not findings:
        return []
    lines = [f"{title}: {len(findings)}"]
    hints = [finding.hint for finding in findings]
    for one, after in zip(findings, [*hints[1:], ""], strict=True):
        lines.append(f"  {one.part}: {one.location}: {one.what}")
        if one.hint and one.hint != after:  # once for several that follow each other
            lines.append(f"    {one.hint}")
    return lines


def as_json(audit: AuditResult) -> str:
    """All of it."""
    return json.dumps({"clean": audit.clean, **asdict(audit)})
