"""JUnit XML of a test on new data, as CI systems read it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import junitparser
import pytest
import tested_packages as made

from packager.errors import PackageError
from packager.testing.junit import MAX_NAME, as_junit, error_as_junit

CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "skipped", "error"},
}
"""Element → its children, as the schema of Jenkins' xUnit plugin (junit-10.xsd) has them."""
REQUIRED = {
    "testsuites": set(),
    "testsuite": {"name", "tests", "failures", "errors"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name"},
}
ALLOWED = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time", "skipped"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "time", "classname", "group"},
    **{outcome: {"type", "message"} for outcome in ("failure", "skipped", "error")},
}


def parsed(document: bytes) -> ElementTree.Element:
    """The root of a document that follows the schema."""
    top = ElementTree.fromstring(document)
    for element in top.iter():
        attributes = set(element.attrib)
        assert REQUIRED.get(element.tag, set()) <= attributes <= ALLOWED[element.tag], element.tag
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    for suite in top:
        for outcome in ("failure", "error", "skipped"):
            count = len(suite.findall(f"testcase/{outcome}"))
            assert int(suite.attrib[outcome + "s" if outcome != "skipped" else outcome]) == count
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert suite.attrib["time"] == "0"
    assert int(top.attrib["tests"]) == len(top.findall("testsuite/testcase"))
    return top


def test_a_family_is_a_suite_and_a_check_is_a_case() -> None:
    found = made.report(
        made.family("schema", [made.check("cells", family="schema")]),
        made.family(
            "quality", [made.failed(), made.unclear("accuracy color=E")], "failed", level=0.004
        ),
        made.family("fairness", verdict="not judged", why="no column is named"),
        verdict="failed",
    )
    top = parsed(as_junit(found))
    assert top.attrib["name"] == "stones 1.0.0"
    assert [suite.attrib["name"] for suite in top] == ["schema", "quality", "fairness"]
    cases = [(case.get("classname"), case.get("name")) for case in top.iter("testcase")]
    assert cases == [
        ("stones.schema", "cells"),
        ("stones.quality", "accuracy"),
        ("stones.quality", "accuracy color=E"),
        ("stones.fairness", "fairness"),
    ]
    [failure] = top.iter("failure")
    assert failure.attrib == {
        "type": "accuracy",
        "message": "accuracy 0.8, 0.9 when packaged (-0.1, the policy allows 0.02) on 1,000 rows",
    }
    assert failure.text is not None
    assert "baseline: 0.9000\nnow: 0.8000\ndifference: -0.1000\n" in failure.text
    assert "interval: -0.1200 to -0.08000" in failure.text
    reasons = [skipped.attrib["message"] for skipped in top.iter("skipped")]
    assert reasons == [
        "inconclusive: accuracy color=E 0.89, 0.9 when packaged",
        "not judged: no column is named",
    ]
    properties = {one.attrib["name"]: one.attrib["value"] for one in top[1].iter("property")}
    assert properties == {
        "root": "ab" * 32,
        "data": "ef" * 32,
        "rows": "1000",
        "labelled_rows": "980",
        "false_alarm": "0.01",
        "false_alarm_of_family": "0.004",
        "verdict": "failed",
    }


def test_a_warning_does_not_fail() -> None:
    warned = made.failed(verdict="warned")
    top = parsed(as_junit(made.report(made.family("quality", [warned]))))
    assert top.attrib["failures"] == "0"
    [skipped] = top.iter("skipped")
    assert skipped.attrib["message"].startswith("warning: accuracy 0.8")


@pytest.mark.parametrize(("policy", "failures"), [("pass", 0), ("fail", 1)])
def test_there_is_a_failure_exactly_if_the_command_fails(policy: str, failures: int) -> None:
    quality = made.family("quality", [made.unclear(headline=True)], "inconclusive")
    found = made.report(quality, verdict="inconclusive", policy={"inconclusive": policy})
    top = parsed(as_junit(found))
    assert len(list(top.iter("failure"))) == failures == (not found.passed)


def test_a_test_that_could_not_be_made_is_an_error_and_no_failure() -> None:
    error = PackageError("the model raised on row 3:\n\x00boom ]]>", "package another model")
    top = parsed(error_as_junit("oci:out", error))
    assert (top.attrib["tests"], top.attrib["errors"], top.attrib["failures"]) == ("1", "1", "0")
    [found] = top.iter("error")
    assert found.attrib["type"] == "PackageError"
    assert found.attrib["message"] == r"the model raised on row 3:\n\x00boom ]]>"
    assert found.text is not None
    assert found.text.endswith("\nhint: package another model")


@pytest.mark.parametrize("name", made.HOSTILE_NAMES, ids=range(len(made.HOSTILE_NAMES)))
def test_hostile_names_are_text(name: str) -> None:
    document = as_junit(made.every_family(name, slices=20))
    top = parsed(document)
    usual = parsed(as_junit(made.every_family("plain", slices=20)))
    assert [element.tag for element in top.iter()] == [element.tag for element in usual.iter()]
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ufffe]", document.decode())
    for suite in top:
        names = [case.attrib["name"] for case in suite.iter("testcase")]
        assert len(set(names)) == len(names)
        assert all(len(found) <= MAX_NAME for found in names)


def test_long_names_that_begin_alike_stay_different() -> None:
    names = ["x" * 10_000 + end for end in ("a", "b")]
    checks = [made.check(name) for name in [*names, "a\x00", r"a\x00", r"a\x00 (2)"]]
    top = parsed(as_junit(made.report(made.family("quality", checks))))
    found = [case.attrib["name"] for case in top.iter("testcase")]
    assert len(set(found)) == 5
    assert found[2:] == [r"a\x00", r"a\x00 (2)", r"a\x00 (2) (2)"]


@pytest.mark.parametrize("name", made.HOSTILE_NAMES, ids=range(len(made.HOSTILE_NAMES)))
def test_another_parser_reads_the_same_outcomes(name: str) -> None:
    found = made.every_family(name, slices=20)
    document = junitparser.JUnitXml.fromstring(as_junit(found))
    outcomes = [
        (suite.name, type(case.result[0]).__name__ if case.result else "Passed")
        for suite in document
        for case in suite
    ]
    words = {"failed": "Failure", "passed": "Passed"}
    assert outcomes == [
        (check.family, words.get(check.verdict, "Skipped")) for check in found.checks
    ]
    assert document.failures == sum(check.verdict == "failed" for check in found.checks)
