"""Findings of ``package deploy update``: a refused version, and proofs of an accepted one.

A refused version does not serve, so what its test found is part of one finding. A version that
serves proves gone what its test passed, and that no update is refused any more.
"""

from __future__ import annotations

from packager.findings.from_test import findings_of_test
from packager.manifest.manifest import Manifest
from packager.tracker.core.finding import Finding, Report, ScanReport
from packager.tracker.core.texts import named
from packager.worker.test.report import DataTestReport

SOURCE = "deploy update"
KIND = "UpdateRefused"
SCOPE = "update"


def findings_of_update(
    refusal: str | None,
    test: DataTestReport | None,
    manifest: Manifest,
    data: str,
    at: float,
) -> tuple[Report, ...]:
    """The reports of an update that ended.

    ``refusal``: why the version does not serve; None if it does. ``test``: the report of its gate's
    test on the rows called ``data``.
    """
    own = _report(manifest, at, refusal)
    if refusal is not None or test is None:
        return (own,)
    return own, findings_of_test(test, data, at)


def _report(manifest: Manifest, at: float, refusal: str | None) -> Report:
    name, version = named(manifest.name), named(manifest.tag)
    scan = ScanReport(
        package=name,
        version=version,
        source=SOURCE,
        scope=SCOPE,
        digest=manifest.root,
        complete=True,
        at=at,
    )
    if refusal is None:
        return Report(scan=scan)
    finding = Finding(
        package=name,
        version=version,
        kind=KIND,
        share=1.0,
        certainty=1.0,
        evidence="the earlier version serves all requests, as before",
        title=f"the update to {version} was refused",
        summary=refusal,
        action="Mend the version, or say why it may pass: docs/update.md.",
        source=SOURCE,
        key=SCOPE,
        starts_at=at,
    )
    return Report(findings=(finding,), scan=scan)
