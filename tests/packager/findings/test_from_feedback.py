from __future__ import annotations

from packager.findings.from_feedback import findings_of_feedback
from packager.replicas.feedback import FeedbackResult
from packager.tracker.core.plot import CountsPlot
from packager.tracker.sources.alertmanager import ReceivedAlert, finding_of


def test_refused_labels_are_one_finding_with_their_share_and_reasons():
    sent = FeedbackResult(6, 1, ((1, "expired"), (2, "unknown"), (3, "duplicate"), (4, "expired")),
                          "line")  # fmt: skip
    [told] = findings_of_feedback(sent, "stones", "1.0.0", "labels.csv", 9.0).findings
    assert (told.kind, told.share) == ("LabelsRejected", 0.3)
    assert told.evidence == "3 of 10 labels"
    assert told.summary == "2 expired; 1 unknown"
    assert isinstance(told.plot, CountsPlot)
    assert [(one.name, one.count, one.subject) for one in told.plot.rows] == [
        ("expired", 2, True), ("unknown", 1, True), ("counted", 6, False),
        ("counted before", 1, False),
    ]  # fmt: skip
    assert told.plot.total == 10


def test_labels_that_were_counted_before_are_no_finding():
    sent = FeedbackResult(1, 0, ((3, "duplicate"),), "line")
    told = findings_of_feedback(sent, "stones", "1.0.0", "labels.csv", 9.0)
    assert told.findings == ()
    assert told.scan is not None
    assert told.scan.complete


def test_the_alert_of_the_same_name_is_the_same_issue():
    sent = FeedbackResult(6, 0, ((1, "expired"),), "line")
    [told] = findings_of_feedback(sent, "stones", "1.0.0", "labels.csv", 9.0).findings
    labels = {"alertname": "LabelsRejected", "model": "stones", "version": "2.0", "severity": "x"}
    assert finding_of(ReceivedAlert(labels, {}, 9.0, "ab")).fingerprint == told.fingerprint
