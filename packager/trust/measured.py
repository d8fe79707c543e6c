"""Measurements of a package as signed test results."""

from __future__ import annotations

from collections.abc import Iterator

from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.manifest.manifest import Manifest
from packager.trust.statements import ResourceDescriptor, TestResult
from packager.worker.replay.report import ReplayReport
from packager.worker.test.report import DataTestReport

REPLAY, DATA_CHECK, DATA_TEST = "replay", "data check", "test"


def results_at_build(manifest: Manifest) -> Iterator[TestResult]:
    """The build's measurements that the package root covers: its check of the data."""
    findings = manifest.findings
    if findings is None:
        return
    counts = tuple(f"{name}: {count}" for name, count in sorted(findings.counts.items()) if count)
    yield TestResult(
        result="WARNED" if counts else "PASSED",
        configuration=(
            ResourceDescriptor(
                name=DATA_CHECK,
                digest={"sha256": findings.digest},
                annotations={"blocking findings allowed": findings.allowed},
            ),
        ),
        warned_tests=counts,
    )


def result_of_replay(report: ReplayReport, content: bytes, manifest: Manifest) -> TestResult:
    """The outcome of a replay; raises ``PackageError`` if it is no evidence of this package."""
    check_root(report.root, manifest, "replay")
    if report.perturbed is not None:
        raise PackageError(
            f"the replay is a negative control: it changed {report.perturbed}",
            "replay the package without --perturb",
        )
    if report.checked_by != "this installation":
        raise PackageError(
            "the replay was judged by the package itself, not by this installation",
            "run `package replay`, and name the report that it writes",
        )
    return replay_result(report.level, report.passed, content, report.required_level)


def replay_result(level: str, passed: bool, content: bytes, required: str) -> TestResult:
    """A replay's outcome: which level was reached, and which one was required."""
    return TestResult(
        result="PASSED" if passed else "FAILED",
        configuration=(
            ResourceDescriptor(
                name=REPLAY,
                digest={"sha256": sha256_bytes(content)},
                annotations={"level": level, "required level": required},
            ),
        ),
        passed_tests=(level,) if passed else (),
        failed_tests=() if passed else (level,),
    )


def result_of_test(report: DataTestReport, content: bytes, manifest: Manifest) -> TestResult:
    """The outcome of ``package test``; raises ``PackageError`` for another package."""
    check_root(report.root, manifest, "test")
    by_verdict: dict[str, list[str]] = {}
    for family in report.families:
        by_verdict.setdefault(family.verdict, []).append(family.family)
    warned = sorted({*by_verdict.get("warned", ()), *by_verdict.get("inconclusive", ())})
    passed = "WARNED" if warned else "PASSED"
    return TestResult(
        result="FAILED" if not report.passed else passed,
        configuration=(
            ResourceDescriptor(
                name=DATA_TEST,
                digest={"sha256": sha256_bytes(content)},
                annotations={"rows": report.rows, "fingerprint": report.fingerprint},
            ),
        ),
        passed_tests=tuple(by_verdict.get("passed", ())),
        warned_tests=tuple(warned),
        failed_tests=tuple(by_verdict.get("failed", ())),
    )


def check_root(root: str, manifest: Manifest, called: str) -> None:
    """Raise ``PackageError`` if a report is of another package."""
    if root != manifest.root:
        raise PackageError(
            f"the {called} report is of the package root {root or 'of none'}, expected "
            f"{manifest.root}",
            f"run `package {called}` on this package, and name the report that it writes",
        )
