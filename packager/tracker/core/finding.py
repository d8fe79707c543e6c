"""Findings: what a source observed about a package, and the fingerprint of its issue."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from packager.tracker.core.moments import Moment
from packager.tracker.core.plot import Plot
from packager.tracker.core.texts import MAX_TEXT, Identity, Name, Text

Severity = Literal["page", "ticket", "info"]
FINGERPRINT_VERSION = "issue/1"
PACKAGE_SUBJECT = "package"
MAX_LINKS = 20
MAX_VALUES = 20
MAX_FINDINGS = 1_000
LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f]+")


def _check_link(url: str) -> str:
    if not LINK.fullmatch(url) or len(url) > MAX_TEXT:
        raise ValueError(f"expected an http or https address of at most {MAX_TEXT} characters")
    return url


Link = Annotated[str, AfterValidator(_check_link)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class StrictRecord(BaseModel):
    """A record that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Finding(StrictRecord):
    """One observation by a source at a time."""

    package: Name
    version: Identity = ""
    kind: Name
    """The name of the alert or check, such as ``FeatureDrift``."""
    subject: Name = PACKAGE_SUBJECT
    """A part of the package: ``feature=carat``, ``slice=color=E``, ``row=<hash>``, ``package``."""
    firing: bool = True
    """False: the source says that it is over."""
    severity: Severity = "ticket"
    share: Share = 1.0
    """The part of traffic, rows or replicas that is affected."""
    certainty: Share = 1.0
    """Probability that the finding is real, such as 1 - q of a test."""
    evidence: Text = ""
    """The source of ``share`` and ``certainty``."""
    muted: Text = ""
    """Why the source notifies nobody: ``silenced in Alertmanager until …``; else empty."""
    title: Text = ""
    summary: Text = ""
    action: Text = ""
    """The advice for those who handle it."""
    source: Name
    """``alertmanager``, a verb such as ``data check``, or a person."""
    key: Identity = ""
    """The identity of this observation at its source. An issue is over when every observation of it
    is: FeatureDrift of two versions is one issue with two keys."""
    delivery: Identity = ""
    """An id of the message; a message of a source that comes twice has the effect of one."""
    starts_at: Moment
    ends_at: Moment | None = None
    values: Annotated[dict[Name, FiniteFloat], Field(max_length=MAX_VALUES)] = {}
    links: Annotated[dict[Name, Link], Field(max_length=MAX_LINKS)] = {}
    plot: Plot | None = None
    """The plot on the page of the issue."""

    @property
    def observation(self) -> str:
        """The identity of this observation among all of the issue."""
        return f"{self.source}/{self.key}"

    @property
    def measured(self) -> bool:
        """Whether it says its share; else an earlier one of the same observation is kept."""
        return "share" in self.model_fields_set

    @property
    def fingerprint(self) -> str:
        """The identity of the issue."""
        return fingerprint(self.package, self.kind, self.subject)


class Unjudged(StrictRecord):
    """Subjects that a scan could not judge, so that it closes none of their issues."""

    kind: Name
    subject: Name | None = None
    """None: every subject of the kind."""
    ending: Text = ""
    """Only subjects that end with this."""

    def has(self, kind: str, subject: str) -> bool:
        """Whether it names this subject."""
        named = self.kind == kind and self.subject in (None, subject)
        return named and subject.endswith(self.ending)


class Proof(StrictRecord):
    """A check that passed, which closes what earlier versions were found to have."""

    kind: Name
    subject: Name = PACKAGE_SUBJECT
    text: Text
    """The measurement."""


class ScanReport(StrictRecord):
    """A look at everything in a scope; what a complete scan no longer finds is over."""

    package: Name
    version: Identity = ""
    source: Name
    scope: Name
    """The name of the scanned object: ``people.csv``, ``table people``, ``package``."""
    digest: Text = ""
    """The digest of what was looked at."""
    complete: bool
    """False if the scan stopped early; then nothing is over."""
    at: Moment
    report: Link | None = None
    """The address of its report."""
    file: Text = ""
    """The name of the file with its report, if one was written."""
    replaces: Text = ""
    """The scope of earlier data that these stand in for: what was found in them is over, too."""
    proofs: Annotated[tuple[Proof, ...], Field(max_length=MAX_FINDINGS)] = ()
    unjudged: Annotated[tuple[Unjudged, ...], Field(max_length=MAX_FINDINGS)] = ()


class Report(StrictRecord):
    """One message to the tracker: findings, and the scan that they are the result of."""

    findings: Annotated[tuple[Finding, ...], Field(max_length=MAX_FINDINGS)] = ()
    scan: ScanReport | None = None

    @model_validator(mode="after")
    def _check_scan(self) -> Self:
        scan = self.scan
        for one in self.findings if scan is not None else ():
            if scan is not None and (one.package, one.source) != (scan.package, scan.source):
                raise ValueError("expected the findings of a scan to have its package and source")
        return self


def fingerprint(package: str, kind: str, subject: str) -> str:
    """32 hexadecimal digits: SHA-256 of the canonical JSON of the identity.

    Neither the version nor any value is part of it, so that a roll-out opens no second issue.
    """
    identity = [FINGERPRINT_VERSION, package, kind, subject]
    text = json.dumps(identity, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
