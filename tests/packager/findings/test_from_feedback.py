from __future__ import annotations

from packager.findings.from_feedback import findings_of_feedback
from packager.replicas.feedback import FeedbackResult


def test_refused_labels_are_one_finding_with_their_share_and_reasons():
    sent = FeedbackResult(6, 1, ((1, "expired"), (2, "unknown"), (3, "duplicate"), (4, "expired")),
                          "line")  # fmt: skip
    [told] = findings_of_feedback(sent, "stones", "1.0.0", "labels.csv", 9.0).findings
    assert (told.kind, told.share) == ("FeedbackRejected", 0.3)
    assert told.evidence == "3 of 10 labels"
    assert told.summary == "2 expired; 1 unknown"


def test_labels_that_were_counted_before_are_no_finding():
    sent = FeedbackResult(1, 0, ((3, "duplicate"),), "line")
    told = findings_of_feedback(sent, "stones", "1.0.0", "labels.csv", 9.0)
    assert told.findings == ()
    assert told.scan is not None
    assert told.scan.complete
