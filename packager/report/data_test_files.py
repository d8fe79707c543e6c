"""Writes the files of a test on new data: the report, JUnit XML, a summary and a page.

A folder describes one test. Its files are written beside their places and renamed when all of them
are complete, report.json last.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from packager.cache import atomic_file, check_writable, writing
from packager.errors import PackageError, UsageError
from packager.report.data_test_page import data_test_page, error_page
from packager.testing.junit import as_junit, error_as_junit
from packager.testing.markdown import MAX_BYTES, as_markdown, error_as_markdown
from packager.worker.test.report import DataTestReport

REPORT, JUNIT, SUMMARY, PAGE = "report.json", "junit.xml", "summary.md", "index.html"
MARK = "package-test/1"
"""At the start of every file: the version of the report, by which a test knows its own files."""
MARKED_BYTES = 1_000
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable with the file to which the steps of a GitHub job append their summaries."""


def begin(name: str, folder: Path | None, summary: Path | None, data: Path) -> None:
    """Check the places of a test's files, and replace those of an earlier test.

    Until the test of the package ``name`` ends, they say that it did not: also if it is killed, or
    refused as wrong usage. Raise ``PackageError`` if the files of a test on ``data`` could not be
    written, or would replace files that are not of a test.
    """
    _check_paths(folder, summary, data)
    paths = [] if folder is None else [folder / one for one in (REPORT, JUNIT, SUMMARY, PAGE)]
    appended = summary is not None and _is_appended(summary)
    if summary is not None and not appended:
        paths.append(summary)
    for path in paths:
        _check_own(path)
    open_ = PackageError("the test has not ended", "it runs, or it was stopped: run it again")
    write_error(name, open_, folder, None if appended else summary)


def _check_own(path: Path) -> None:
    """Raise ``UsageError`` for a file that no test wrote."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        start = file.read(MARKED_BYTES)
    if start.strip() and MARK.encode() not in start:
        raise UsageError(
            f"{path}: expected a file that `package test` wrote, got another, which is kept",
            "name another place, or remove the file",
        )


def _check_paths(folder: Path | None, summary: Path | None, data: Path) -> None:
    """Raise ``PackageError`` before a test on ``data`` if its files could not be written after it.

    Files below a folder of data would be data of the next test.
    """
    if folder is not None:
        if _is_below(folder, data):
            raise UsageError(
                f"--output {folder}: expected a folder outside the new data, {data}",
                "name a folder beside it",
            )
        check_writable(folder.absolute())
        for name in (REPORT, JUNIT, SUMMARY, PAGE):
            if (folder / name).is_dir():
                raise UsageError(f"{folder / name}: expected a file, got a folder", "remove it")
    if summary is not None:
        if summary.is_dir():
            raise UsageError(f"--summary {summary}: expected a file, got a folder", "name a file")
        if _is_below(summary, data):
            raise UsageError(
                f"--summary {summary}: expected a file outside the new data, {data}",
                "name a file beside it",
            )
        check_writable(summary.absolute().parent)


def _is_below(path: Path, data: Path) -> bool:
    return data.is_dir() and path.resolve().is_relative_to(data.resolve())


def write_report(
    report: DataTestReport,
    folder: Path | None,
    summary: Path | None,
    history: Sequence[DataTestReport] = (),
) -> None:
    """Write all files of ``report`` into ``folder``, and its summary to ``summary``; or nothing.

    ``history``: the reports of earlier tests, oldest first. Raise ``PackageError`` if a file can't
    be written.
    """
    files = {}
    if folder is not None:
        files = {
            folder / REPORT: (report.model_dump_json(indent=2) + "\n").encode(),
            folder / PAGE: _page(data_test_page(report, history)),
            folder / SUMMARY: _summary(as_markdown(report)).encode(),
            folder / JUNIT: as_junit(report),
        }
    _write(files, summary, as_markdown(report, _room(summary)))


def write_error(name: str, error: PackageError, folder: Path | None, summary: Path | None) -> None:
    """Write that the test of the package ``name`` could not be made, or has not ended.

    The report of an earlier test in ``folder`` is removed, so that nobody takes it for this one's.
    """
    files = {}
    if folder is not None:
        with writing(folder / REPORT):
            (folder / REPORT).unlink(missing_ok=True)
        files = {
            folder / PAGE: _page(error_page(name, error)),
            folder / SUMMARY: _summary(error_as_markdown(name, error)).encode(),
            folder / JUNIT: error_as_junit(name, error),
        }
    _write(files, summary, error_as_markdown(name, error))


def clear(folder: Path | None, summary: Path | None) -> None:
    """Remove the files that ``begin`` wrote: nothing is new, and no earlier test is known."""
    paths = [] if folder is None else [folder / one for one in (JUNIT, SUMMARY, PAGE)]
    if summary is not None and not _is_appended(summary):
        paths.append(summary)
    for path in paths:
        with writing(path):
            path.unlink(missing_ok=True)


def _summary(text: str) -> str:
    return f"<!-- {MARK} -->\n{text}"


def _page(text: str) -> bytes:
    return text.replace("<head>", f'<head><meta name="generator" content="{MARK}">', 1).encode()


def _write(files: Mapping[Path, bytes], summary: Path | None, text: str) -> None:
    """Write every file, or none; the first of ``files`` is renamed last."""
    with ExitStack() as stack:
        for path, content in files.items():
            stack.enter_context(atomic_file(path)).write_bytes(content)
        if summary is None:
            return
        if _is_appended(summary):
            with writing(summary), summary.open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        else:
            stack.enter_context(atomic_file(summary)).write_text(_summary(text), encoding="utf-8")


def _is_appended(summary: Path) -> bool:
    """Whether others write to a summary too: that of a GitHub step, a pipe, ``/dev/stdout``."""
    shared = os.environ.get(STEP_SUMMARY)
    if shared and summary.absolute() == Path(shared).absolute():
        return True
    return summary.exists() and not summary.is_file()


def _room(summary: Path | None) -> int:
    """Bytes that are left in a summary to which others wrote."""
    if summary is None or not _is_appended(summary) or not summary.is_file():
        return MAX_BYTES
    return max(0, MAX_BYTES - summary.stat().st_size)
