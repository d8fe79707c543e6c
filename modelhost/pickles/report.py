"""The report of the audit of a file's pickles."""

from __future__ import annotations

from typing import NamedTuple


class PickleFinding(NamedTuple):
    """Why a file is refused."""

    location: str
    """The file, and the member of an archive in it."""
    offset: int | None
    """The byte, in the decompressed content; None for the whole file."""
    name: str | None
    """The global, ``module.name``; None where the file does something else or can't be read."""
    what: str
    """The fault, as the end of a sentence that begins with the global or the file."""
    called: bool = False
    """Whether the file calls the global."""

    @property
    def text(self) -> str:
        """As a sentence."""
        at = "" if self.offset is None else f" (byte {self.offset:,})"
        if self.name is None:
            return f"{self.location} {self.what}"
        verb = "calls" if self.called else "names"
        return f"{self.location}{at} {verb} {self.name}, which {self.what}"


class PickleReport:
    """The findings of one model or file."""

    def __init__(self) -> None:
        self.findings: list[PickleFinding] = []
        self.names: dict[str, str] = {}
        """Every global that is allowed, and why."""
        self.unknown: list[str] = []
        """Globals that only the locked distributions and the project's code can tell of."""
        self.skipped: list[str] = []
        """Files that were not looked into, and why."""
        self.pickles = 0

    def refuse(
        self,
        location: str,
        what: str,
        offset: int | None = None,
        name: str | None = None,
        *,
        called: bool = False,
    ) -> None:
        """Add a finding, once."""
        finding = PickleFinding(location, offset, name, what, called)
        if finding not in self.findings:
            self.findings.append(finding)

    @property
    def refused_names(self) -> tuple[str, ...]:
        """The globals of the findings, each once."""
        return tuple(
            dict.fromkeys(finding.name for finding in self.findings if finding.name is not None)
        )
