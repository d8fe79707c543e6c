"""The result of ``package audit``: what is wrong, what was not looked into, and what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Part = Literal["files", "pickles", "secrets", "licences", "imports", "vulnerabilities"]


@dataclass(frozen=True)
class AuditFinding:
    """A fault for which an audit fails."""

    part: Part
    location: str
    """The file, wheel or package."""
    what: str
    hint: str = ""


@dataclass
class AuditResult:
    """Of a package, a project or a file."""

    name: str
    findings: list[AuditFinding] = field(default_factory=list)
    skipped: list[AuditFinding] = field(default_factory=list)
    """The parts that were not examined, and why: never good news."""
    scanned: dict[Part, str] = field(default_factory=dict)
    """Part → what was looked at."""
    licences: dict[str, str] = field(default_factory=dict)
    """Distribution and version → its licence, as found."""

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong, and nothing was left out."""
        return not self.findings and not self.skipped
