"""The report of ``package test`` as JUnit XML, which every CI system reads.

A family is a ``testsuite``, a check is a ``testcase``. JUnit knows three outcomes: a check that
failed is a ``failure``; one that is inconclusive, a warning or not judged is ``skipped``, with the
reason. A test that could not be made is an ``error``, never a ``failure``. There is no ``time``,
which the format leaves optional: a report has none, so that equal rows give equal reports, and 0
would be untrue.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

from packager.errors import PackageError
from packager.text import format_number, visible
from packager.worker.test.report import Check, DataTestReport, FamilyReport

REPORT = "package-test/1"
"""In a comment: the version of the report that the document is made of."""
MAX_NAME = 200
"""Characters of a name: the rest is in report.json."""
MAX_MESSAGE = 2_000
MAX_EXAMPLES = 3
"""Rows that the text of a failure shows."""
DIGEST = 8


def as_junit(report: DataTestReport) -> bytes:
    """The document in UTF-8; it has a failure exactly if the report did not pass."""
    top = ElementTree.Element("testsuites", name=_short(f"{report.name} {report.version}"))
    for family in report.families:
        _suite(top, report, family)
    if not report.passed and not top.findall(".//failure"):
        _verdict(top, report)
    return _document(top)


def error_as_junit(name: str, error: PackageError) -> bytes:
    """A document with one ``error``: the test of ``name`` could not be made."""
    top = ElementTree.Element("testsuites", name=_short(name))
    suite = ElementTree.SubElement(top, "testsuite", name="test")
    case = ElementTree.SubElement(
        suite, "testcase", classname=_short(f"{name}.test"), name="package test"
    )
    element = ElementTree.SubElement(
        case, "error", type=type(error).__name__, message=_message(error.message)
    )
    element.text = _lines(error.message, f"hint: {error.hint}" if error.hint else "")
    return _document(top)


def _suite(top: ElementTree.Element, report: DataTestReport, family: FamilyReport) -> None:
    suite = ElementTree.SubElement(top, "testsuite", name=family.family)
    listed = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(report, family):
        ElementTree.SubElement(listed, "property", name=name, value=_message(value))
    location = _short(f"{report.name}.{family.family}")
    if not family.checks:
        only = ElementTree.SubElement(suite, "testcase", classname=location, name=family.family)
        _skip(only, f"not judged: {family.why}")
    taken: set[str] = set()
    for check in family.checks:
        name = _unique(check.name, taken)
        case = ElementTree.SubElement(suite, "testcase", classname=location, name=name)
        _outcome(case, check)
    for one in family.not_tested:
        name = _unique(f"not tested: {one.subject}", taken)
        case = ElementTree.SubElement(suite, "testcase", classname=location, name=name)
        _skip(case, f"not tested: {one.why}")


def _properties(report: DataTestReport, family: FamilyReport) -> Iterator[tuple[str, str]]:
    yield "root", report.root
    yield "data", report.fingerprint
    yield "rows", str(report.rows)
    yield "labelled_rows", str(report.labelled_rows)
    yield "false_alarm", f"{report.policy.false_alarm:g}"
    if family.level is not None:
        yield "false_alarm_of_family", f"{family.level:.3g}"
    yield "verdict", family.verdict
    if family.why:
        yield "why", family.why


def _outcome(case: ElementTree.Element, check: Check) -> None:
    if check.verdict == "failed":
        kind = check.metric or check.family
        failure = ElementTree.SubElement(
            case, "failure", type=_short(kind), message=_message(check.why or check.name)
        )
        failure.text = _lines(*_numbers(check), *_examples(check))
    elif check.verdict == "warned":
        _skip(case, f"warning: {check.why}")
    elif check.verdict == "inconclusive":
        why = f"inconclusive: {check.why}" if check.why else "inconclusive"
        _skip(case, why + check.could_see)


def _skip(case: ElementTree.Element, why: str) -> None:
    """The reason is the text: one of Jenkins' schemas allows no attribute."""
    ElementTree.SubElement(case, "skipped").text = _message(why)


def _verdict(top: ElementTree.Element, report: DataTestReport) -> None:
    """The case of a policy by which an inconclusive test fails, although no check did."""
    suite = ElementTree.SubElement(top, "testsuite", name="verdict")
    location = _short(f"{report.name}.verdict")
    case = ElementTree.SubElement(suite, "testcase", classname=location, name="verdict")
    failure = ElementTree.SubElement(
        case, "failure", type=report.verdict, message=_message(report.sentence)
    )
    failure.text = f'[test] inconclusive = "{report.policy.inconclusive}"'


def _numbers(check: Check) -> Iterator[str]:
    """A line for each known number of a check."""
    for name in ("baseline", "now", "difference", "limit", "p", "q", "visible_from"):
        value = getattr(check, name)
        if value is not None:
            yield f"{name}: {format_number(value)}"
    if check.interval is not None:
        yield "interval: " + " to ".join(map(format_number, check.interval))
    yield f"rows: {check.rows:,}"
    if check.baseline_rows:
        yield f"baseline_rows: {check.baseline_rows:,}"


def _examples(check: Check) -> Iterator[str]:
    for row in check.examples[:MAX_EXAMPLES]:
        own = [(key, value) for key, value in row.items() if key != "cells"]
        cells = row.get("cells", {}).items()
        yield _cut(", ".join(f"{key}: {value}" for key, value in (*own, *cells)), MAX_MESSAGE)


def _document(top: ElementTree.Element) -> bytes:
    """The XML, after every suite is counted."""
    for suite in top.findall("testsuite"):
        counts = {
            "tests": len(suite.findall("testcase")),
            "failures": len(suite.findall("testcase/failure")),
            "errors": len(suite.findall("testcase/error")),
            "skipped": len(suite.findall("testcase/skipped")),
        }
        for name, count in counts.items():
            suite.set(name, str(count))
    for name in ("tests", "failures", "errors"):
        top.set(name, str(sum(int(suite.attrib[name]) for suite in top)))
    ElementTree.indent(top)
    mark = ElementTree.Comment(f" {REPORT} ")
    mark.tail = "\n"
    declared = b"<?xml version='1.0' encoding='utf-8'?>\n"
    parts = (ElementTree.tostring(one, encoding="utf-8") for one in (mark, top))
    return declared + b"".join(parts) + b"\n"


def _unique(name: str, taken: set[str]) -> str:
    """A short name that no other case of the suite has."""
    candidate, tries = _short(name), 1
    while candidate in taken:
        tries += 1
        candidate = f"{_short(name)} ({tries})"
    taken.add(candidate)
    return candidate


def _short(name: str) -> str:
    """``name`` in characters of XML; a long one keeps its beginning and gets its digest."""
    plain = visible(name)
    if len(plain) <= MAX_NAME:
        return plain
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST]
    return f"{plain[: MAX_NAME - DIGEST - 2]}… {digest}"


def _message(text: str) -> str:
    return _cut(visible(text), MAX_MESSAGE)


def _lines(*lines: str) -> str:
    return "\n".join(_message(line) for line in lines if line)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
