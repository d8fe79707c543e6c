from __future__ import annotations

from metrics_servers import ANY, answering, exposition

from packager.findings.from_drift import findings_of_drift
from packager.replicas.counters import scrape_replicas
from packager.replicas.drift import drift_report
from packager.tracker.core.finding import Report


def findings(lines: str) -> Report:
    with answering(lines) as urls:
        return findings_of_drift(drift_report(scrape_replicas(urls, ANY), 1.0), 9.0)


def test_drift_anomalies_and_slices_are_the_issues_of_the_alerts():
    told = findings(exposition({"low": 100, "middle": 200, "high": 700}, 50, 50)).findings
    assert [one.kind for one in told] == ["FeatureDrift", "AnomalyRate", "SliceRegression"]
    moved, anomaly, part = told
    assert moved.subject == "feature=f"
    assert 0.4 < moved.share < 0.6  # 1/2, 3/10, 2/10 of the reference became 1/10, 2/10, 7/10
    assert 0.69 < moved.certainty <= 0.7
    assert anomaly.subject.startswith("feature=f,kind=")
    assert part.subject == "package"
    assert part.share == 1.0


def test_too_few_rows_close_nothing():
    told = findings(exposition({"low": 1, "middle": 0, "high": 0}))
    assert told.findings == ()
    assert told.scan is not None
    assert {one.kind for one in told.scan.unjudged} >= {"FeatureDrift"}


def test_what_a_server_does_not_show_is_not_over():
    told = findings("\n".join(
        line for line in exposition({"low": 500, "middle": 300, "high": 200}).splitlines()
        if "slice" not in line
    ))  # fmt: skip
    assert told.scan is not None
    assert {"SliceRegression", "OutputRegression"} <= {one.kind for one in told.scan.unjudged}
    assert told.scan.scope.startswith("counters of ")
