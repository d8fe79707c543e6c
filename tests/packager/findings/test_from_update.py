"""The findings of an update: one refusal, and what the version that serves proves gone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tested_packages import check, family
from tested_packages import report as made

from packager.findings.from_test import findings_of_test
from packager.findings.from_update import findings_of_update
from packager.tracker.core.kinds import family_of

REPORT = made(family("quality", [check("accuracy")]))
AT = 1_700_000_000.0
MANIFEST: Any = SimpleNamespace(name="shop", tag="2.0.0-abc", root="a" * 64)


def test_a_refused_version_is_one_finding_with_the_checks_that_refused_it() -> None:
    (report,) = findings_of_update("latency: failed: slow", REPORT, MANIFEST, "new.csv", AT)
    (found,) = report.findings
    assert (found.kind, found.subject, found.version) == ("UpdateRefused", "package", "2.0.0-abc")
    assert found.title == "the update to 2.0.0-abc was refused"
    assert found.summary == "latency: failed: slow"
    assert family_of(found.kind) == "roll-out"
    assert report.scan is not None
    assert report.scan.complete


def test_a_version_that_serves_ends_the_refusal_and_sends_the_proofs_of_its_test() -> None:
    own, test = findings_of_update(None, REPORT, MANIFEST, "new.csv", AT)
    assert own.findings == ()
    assert own.scan is not None
    assert (own.scan.source, own.scan.scope) == ("deploy update", "update")
    assert test == findings_of_test(REPORT, "new.csv", AT)


def test_without_a_test_nothing_is_proven() -> None:
    (own,) = findings_of_update(None, None, MANIFEST, "", AT)
    assert own.findings == ()
