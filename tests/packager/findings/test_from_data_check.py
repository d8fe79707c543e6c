from __future__ import annotations

from typing import Any

from packager.data.checks.finding import DataCheckReport, DataFinding
from packager.findings.from_data_check import findings_of_data
from packager.tracker.core.plot import CountsPlot


def found(row: int | None = 0, **fields: Any) -> DataFinding:
    usual: dict[str, Any] = {
        "detector": "range",
        "score": 0.97,
        "column": "price",
        "observed": "-4000000",
        "expected": "326 to 18,823",
        "suggestion": "a wrong unit",
        "row": row,
        "row_hash": "" if row is None else f"{row:016x}",
    }
    return DataFinding(**{**usual, **fields})


def report(counts: dict[str, int], *findings: DataFinding) -> DataCheckReport:
    return DataCheckReport(
        rows=1_000,
        columns=("price",),
        counts=counts,
        model_free=(),
        findings=findings,
        notes=(),
        cells={},
        histograms={},
    )


def test_findings_of_a_detector_in_a_column_are_one_with_hashes_and_no_cell():
    rows = [found(n) for n in range(12)]
    [told] = findings_of_data(report({"range": 12}, *rows), rows, "stones", "a.csv", 9.0).findings
    assert (told.kind, told.subject) == ("SuspiciousRows", "column=price/range")
    assert (told.share, told.certainty, told.severity) == (0.012, 0.97, "ticket")
    assert told.evidence == "12 of 1,000 rows; score 0.97 of range"
    assert told.title == "range in price: 12 rows"
    assert told.summary.startswith("rows (dfp/1 hashes): 0000000000000000, 0000000000000001")
    assert told.summary.endswith("and 2 more")
    assert "4000000" not in told.model_dump_json()
    assert "18,823" not in told.model_dump_json()


def test_all_rows_of_a_detector_count_if_the_report_names_only_the_worst():
    rows = [found(n) for n in range(3)]
    [told] = findings_of_data(report({"range": 400}, *rows), rows, "stones", "a.csv", 9.0).findings
    assert told.share == 0.4
    assert told.summary.endswith("and 397 more")


def test_two_columns_of_a_detector_count_what_is_named():
    rows = [found(1), found(2, column="carat")]
    told = findings_of_data(report({"range": 90}, *rows), rows, "stones", "a.csv", 9.0).findings
    assert [(one.subject, one.share) for one in told] == [
        ("column=carat/range", 0.001),
        ("column=price/range", 0.001),
    ]
    plot = told[1].plot
    assert isinstance(plot, CountsPlot)
    assert plot.total == 1_000
    assert [(one.name, one.count, one.subject) for one in plot.rows] == [
        ("range in price", 1, True), ("range in carat", 1, False),
    ]  # fmt: skip


def test_a_finding_about_the_table_concerns_every_row():
    rows = [found(None, column=None, detector="duplicate")]
    [told] = findings_of_data(
        report({"duplicate": 1}, *rows), rows, "stones", "a.csv", 9.0
    ).findings
    assert (told.subject, told.share) == ("package/duplicate", 1.0)


def test_hints_are_not_sent_and_the_scan_is_complete():
    rows = [found(1, score=0.4), found(2, score=0.6)]
    told = findings_of_data(report({"range": 2}, *rows), rows, "stones", "a.csv", 9.0)
    assert [one.severity for one in told.findings] == ["info"]
    assert told.scan is not None
    assert (told.scan.complete, told.scan.scope) == (True, "a.csv")


def test_a_check_without_rows_closes_nothing():
    empty = report({}).model_copy(update={"rows": 0})
    told = findings_of_data(empty, (), "stones", "a.csv", 9.0)
    assert told.scan is not None
    assert not told.scan.complete


def test_detectors_that_did_not_see_all_close_nothing():
    rows = [found(n) for n in range(3)]
    noted = report({"range": 400}, *rows).model_copy(
        update={"notes": ("outlier, typo: not checked, because there is no column",)}
    )
    scan = findings_of_data(noted, rows, "stones", "a.csv", 9.0).scan
    assert scan is not None
    assert [one.ending for one in scan.unjudged] == ["/outlier", "/range", "/typo"]
    assert scan.unjudged[1].has("SuspiciousRows", "column=price/range")
    assert not scan.unjudged[1].has("SuspiciousRows", "column=price/duplicate")
