"""JUnit XML of a test on new data, as CI systems read it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import junitparser
import pytest
import tested_packages as made
from junit_schema import violations

from packager.errors import PackageError
from packager.testing.junit import MAX_NAME, as_junit, error_as_junit


def parsed(document: bytes) -> ElementTree.Element:
    """The root of a document that follows the schema."""
    top = ElementTree.fromstring(document)
    assert violations(top) == []
    assert not [element for element in top.iter() if "time" in element.attrib]
    for suite in top:
        for outcome in ("failure", "error", "skipped"):
            count = len(suite.findall(f"testcase/{outcome}"))
            assert int(suite.attrib[outcome + "s" if outcome != "skipped" else outcome]) == count
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
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
    reasons = [skipped.text for skipped in top.iter("skipped")]
    assert reasons == [
        "inconclusive: accuracy color=E 0.89, 0.9 when packaged; a change of 0.06 would have been"
        " found",
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
    assert (skipped.text or "").startswith("warning: accuracy 0.8")


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


def test_what_the_schema_does_not_allow_is_seen() -> None:
    top = ElementTree.fromstring(
        '<testsuites><testsuite name="a" tests="1" failures="0" errors="0">'
        '<testcase><failure/><skipped message="m"/></testcase><properties/></testsuite>x'
        "</testsuites>"
    )
    assert violations(top) == [
        "testsuite has properties where it may not stand",
        "testcase has no name",
        "testcase has skipped where it may not stand",
        "skipped has message",
        "properties has 0 property",
    ]


def test_what_was_not_tested_is_skipped_with_its_reason() -> None:
    left_out = [{"subject": name, "why": "beyond the cap"} for name in ("age", "age")]
    found = made.family("drift", [made.check("not tested: age")], not_tested=left_out)
    top = parsed(as_junit(made.report(found)))
    names = [case.attrib["name"] for case in top.iter("testcase")]
    assert names == ["not tested: age", "not tested: age (2)", "not tested: age (3)"]
    assert [one.text for one in top.iter("skipped")] == ["not tested: beyond the cap"] * 2
