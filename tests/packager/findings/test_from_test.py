from __future__ import annotations

import pytest
from tested_packages import HOSTILE_NAMES, check, drifted, every_family, failed, family, unclear
from tested_packages import report as made

from packager.findings.from_test import findings_of_test
from packager.tracker.core.finding import Report
from packager.worker.test.report import NotTested


def test_checks_of_one_subject_are_one_finding_with_the_numbers_of_the_worst():
    slow = failed("log_loss color=E", subject="color=E", metric="log_loss", rows=200, q=0.2)
    bad = failed("accuracy color=E", subject="color=E", rows=200, q=0.001)
    [found] = findings_of_test(
        made(family("quality", [slow, bad], "failed")), "new.csv", 9.0
    ).findings
    assert (found.kind, found.subject) == ("QualityTest", "slice=color=E")
    assert (found.severity, found.share, found.certainty) == ("ticket", 0.2, 0.999)
    assert found.evidence == "200 of 1,000 rows, q = 0.001"
    assert found.title == "worse than when packaged: slice color=E"
    assert "log_loss color=E 0.8" in found.summary
    assert "accuracy color=E 0.8" in found.summary
    assert found.values["limit"] == 0.02


def test_a_check_of_all_rows_is_about_the_package_with_every_row():
    [found] = findings_of_test(
        made(family("quality", [failed()], "failed")), "new.csv", 9.0
    ).findings
    assert (found.subject, found.share) == ("package", 1.0)
    assert found.title == "worse than when packaged: all rows"


def test_drift_has_the_rows_that_moved_and_less_certainty():
    moved = drifted("carat", counts=(10, 20, 30), verdict="failed", q=0.0)
    [found] = findings_of_test(made(family("drift", [moved], "failed")), "new.csv", 9.0).findings
    assert found.subject == "feature=carat"
    # half of |1/2 - 1/6| + |1/3 - 1/3| + |1/6 - 1/2|, shrunk a little towards the reference
    assert found.share == pytest.approx(1 / 3, rel=0.2)
    assert found.certainty == 0.7


def test_a_warning_is_information():
    warned = failed(verdict="warned")
    [found] = findings_of_test(made(family("quality", [warned])), "new.csv", 9.0).findings
    assert found.severity == "info"


def test_sentences_that_may_quote_cells_are_not_sent():
    secret = failed("age", family="schema", subject="age", q=None, why="expected a number: 'Anna'")
    [found] = findings_of_test(made(family("schema", [secret], "failed")), "new.csv", 9.0).findings
    assert "Anna" not in found.model_dump_json()
    assert found.evidence == "an exact check of 1,000 of 1,000 rows"


@pytest.mark.parametrize(
    ("fields", "summary"),
    [
        ({"details": {"kind": "bounds", "passed": 980, "failed": 20, "left_out": {}}},
         "case 'names' holds on 980 of 1,000 rows"),
        ({"details": {"kind": "minimum"}, "metric": "accuracy", "now": 0.71, "baseline": 0.8},
         "case 'names': accuracy 0.71, expected 0.8"),
        ({"details": {"kind": "invariance"}, "now": None},
         "case 'names' failed on 1,000 rows"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verdict", ["failed", "passed"])
def test_a_case_is_told_without_its_worst_row(fields, summary, verdict):
    why = "case 'names' holds on 980 of 1,000 rows; worst row 17: 0.2 became 0.9, with name Anna"
    case = failed("names", family="cases", subject="names", q=None, why=why, rows=1_000,
                  **fields, verdict=verdict)  # fmt: skip
    found = findings_of_test(made(family("cases", [case], verdict)), "new.csv", 9.0)
    assert "Anna" not in found.model_dump_json()
    if verdict == "failed":
        assert found.findings[0].summary == summary
    else:
        assert found.scan is not None
        [proof] = found.scan.proofs
        assert proof.text.endswith(f": {summary.replace('failed', 'passed')}")


def test_what_could_not_be_judged_is_not_over():
    quality = [
        unclear("accuracy color=D", subject="color=D"),
        check("log_loss color=D", subject="color=D"),
    ]
    report = made(
        family("quality", quality, "inconclusive"), family("drift", (), "not judged", why="x")
    )
    scan = findings_of_test(report, "new.csv", 9.0).scan
    assert scan is not None
    assert scan.complete
    said = [(one.kind, one.subject) for one in scan.unjudged]
    assert said == [
        ("DriftTest", None), ("SlowerPackage", None), ("QualityTest", "slice=color=D"),
    ]  # fmt: skip
    assert scan.proofs == ()


def test_parts_that_were_not_tested_are_not_over():
    absent = [NotTested(subject="color=J", why="the new data have no row of the group that counts")]
    many = [NotTested(subject=f"x{n}", why="no room") for n in range(101)]
    report = made(
        family("fairness", [check(family="fairness")], not_tested=absent),
        family("drift", [drifted("carat", verdict="passed")], not_tested=many),
    )
    scan = findings_of_test(report, "new.csv", 9.0).scan
    assert scan is not None
    said = {(one.kind, one.subject) for one in scan.unjudged}
    assert {("FairnessTest", "group=color=J"), ("DriftTest", None)} <= said


def test_processor_time_since_a_package_is_apart_from_that_of_the_rows():
    usual = check("processor time", family="time", subject="", metric="cpu_ratio", headline=True)
    since = failed("since", family="time", subject="stones:0.9", headline=True, now=1.9)
    told = findings_of_test(made(family("time", [usual, since], "failed")), "new.csv", 9.0)
    assert [(one.kind, one.subject) for one in told.findings] == [
        ("SlowerPackage", "than=stones:0.9")
    ]
    assert told.scan is not None
    assert [(one.kind, one.subject) for one in told.scan.proofs] == [("TimeTest", "package")]
    assert ("SlowerPackage", None) in {(one.kind, one.subject) for one in told.scan.unjudged}
    good = since.model_copy(update={"verdict": "passed"})
    told = findings_of_test(made(family("time", [good])), "new.csv", 9.0)
    assert told.scan is not None
    assert [(one.kind, one.subject) for one in told.scan.proofs] == [
        ("SlowerPackage", "than=stones:0.9")
    ]
    assert ("TimeTest", None) in {(one.kind, one.subject) for one in told.scan.unjudged}


def test_passed_checks_prove_alerts_of_earlier_versions_gone():
    passed = made(
        family("quality", [check("accuracy color=E", subject="color=E")]),
        family("drift", [drifted("carat", verdict="passed")]),
    )
    scan = findings_of_test(passed, "new.csv", 9.0).scan
    assert scan is not None
    assert [(one.kind, one.subject) for one in scan.proofs] == [
        ("QualityTest", "slice=color=E"),
        ("SliceRegression", "slice=color=E"),
        ("DriftTest", "feature=carat"),
        ("FeatureDrift", "feature=carat"),
    ]
    assert scan.proofs[0].text.startswith(
        "quality passed in the test of 1.0.0-abababababab: accuracy color=E"
    )


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_make_reports_that_can_be_sent(name):
    sent = findings_of_test(every_family(name), "new.csv", 9.0).model_dump_json()
    assert Report.model_validate_json(sent).findings


def test_drift_of_the_answers_is_named_so():
    moved = drifted("__prediction__.price", verdict="failed", q=0.0)
    [found] = findings_of_test(made(family("drift", [moved], "failed")), "new.csv", 9.0).findings
    assert found.title == "new data drifted: the answers price"


def test_rows_of_another_name_are_apart_and_can_replace_earlier_ones():
    report = made(family("quality", [failed()], "failed"))
    told = findings_of_test(report, "eu.csv", 9.0, "old.csv")
    assert told.scan is not None
    assert (told.scan.scope, told.scan.replaces) == ("eu.csv", "old.csv")
    assert told.scan.digest == report.fingerprint
    assert [one.key for one in told.findings] == ["eu.csv"]
