"""Reports of replays and tests, read from files, as evidence to sign."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from packager.errors import PackageError, UsageError
from packager.image.documents import bounded
from packager.manifest.manifest import Manifest
from packager.run.solution_replay import SolutionReport
from packager.trust.measured import (
    check_root,
    replay_result,
    result_of_replay,
    result_of_test,
)
from packager.trust.statements import TestResult
from packager.worker.replay.report import ReplayReport
from packager.worker.test.report import DataTestReport

MAX_REPORT = 64 * 1024 * 1024
"""Bytes of a report."""
KINDS = (DataTestReport, ReplayReport, SolutionReport)


def read_evidence(paths: Sequence[Path], manifest: Manifest) -> list[TestResult]:
    """The results that the reports in ``paths`` are of; raises ``PackageError`` for other files."""
    return [_result(path, manifest) for path in paths]


def _result(path: Path, manifest: Manifest) -> TestResult:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_REPORT + 1)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}", "name a report") from error
    if len(content) > MAX_REPORT:
        raise UsageError(f"{path}: expected at most {MAX_REPORT:,} bytes", "name a report")
    try:
        report = _parsed(content)
        if isinstance(report, DataTestReport):
            return result_of_test(report, content, manifest)
        if isinstance(report, ReplayReport):
            return result_of_replay(report, content, manifest)
        check_root(report.root, manifest, "replay")
        if report.flow is None and report.passed:
            raise PackageError(
                "the replay is one of single members, not of the whole solution",
                "replay the solution without --member",
            )
        return replay_result(report.level, report.passed, content, manifest.level)
    except PackageError as error:
        raise PackageError(f"{path}: {error.message}", error.hint) from error


def _parsed(content: bytes) -> DataTestReport | ReplayReport | SolutionReport:
    try:
        bounded(content)
    except ValueError as error:
        raise PackageError(str(error), "name a report of this package") from error
    for kind in KINDS:
        try:
            return kind.model_validate_json(content)
        except ValidationError:
            continue
    raise PackageError(
        "expected a report of `package replay` or `package test`, got something else",
        "name replay.json, or report.json in the folder of `package test --output`",
    )
