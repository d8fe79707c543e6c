"""``--data`` of an update: rows to mirror, and the package's own test on them."""

from __future__ import annotations

from packager.cache import temporary_directory
from packager.data.row_files import read_rows
from packager.engine.engine import Engine
from packager.errors import UsageError
from packager.image.reference import Reference
from packager.progress import Progress
from packager.rollout.mirrored_requests import Row
from packager.rollout.verdict import GateCheck, Outcome
from packager.testing.new_data import DataArgument, resolve
from packager.testing.run import DataTestRequest, run_test
from packager.worker.test.report import DataTestReport

MAX_ROWS = 500
"""Rows that are mirrored, evenly from all."""
NAME = "test"


def mirrored_rows(data: str, reference: Reference, progress: Progress) -> list[Row]:
    """Rows of ``data`` as requests have them; raises ``UsageError`` if there are none."""
    manifest = reference.manifest
    with temporary_directory() as folder:
        new_data = resolve(DataArgument.parse(data), manifest, None, folder, progress)
        rows: list[Row] = []
        for name, file in sorted(new_data.files.items()):
            if not new_data.source or name == new_data.source:
                rows += read_rows(file.path, manifest.schema_, manifest.reader)
    if not rows:
        raise UsageError(
            f"--data {data}: expected at least one row, got none", "name rows to compare on"
        )
    count = min(MAX_ROWS, len(rows))
    return [rows[index * len(rows) // count] for index in range(count)]


def judge_test(
    reference: Reference, data: str, engine: Engine | None, progress: Progress
) -> tuple[GateCheck, DataTestReport | None]:
    """``package test`` of the new version, and its report; None if there were no rows.

    Raises ``PackageError`` if it can't be made.
    """
    progress.step(f"gate: package test on {data}")
    report = run_test(reference, DataTestRequest(data), engine, progress).report
    if report is None:
        return GateCheck(NAME, "too few", f"no rows in {data}", {"rows": 0}), None
    numbers = {"rows": report.rows, "verdict": report.verdict}
    if report.passed:
        return GateCheck(NAME, "passed", report.sentence, numbers), report
    outcome: Outcome = "too few" if report.verdict == "inconclusive" else "failed"
    return GateCheck(NAME, outcome, report.sentence, numbers), report
