from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running_trackers import finding

from packager.tracker.core.finding import Finding, Proof, Report, ScanReport, Unjudged
from packager.tracker.intake import Receipt, add, receive
from packager.tracker.store.sqlite import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "issues.db")
    yield made
    made.close()


def scan(at: float, **fields: Any) -> ScanReport:
    usual: dict[str, Any] = {
        "package": "diamonds", "version": "1.0.0", "source": "test", "scope": "new data",
        "complete": True, "at": at,
    }  # fmt: skip
    return ScanReport(**{**usual, **fields})


def send(store: SqliteStore, at: float, *findings: Finding, **fields: Any) -> list[Receipt]:
    made = tuple(one.model_copy(update={"source": "test", "starts_at": at}) for one in findings)
    with store.write() as writer:
        return receive(writer, Report(findings=made, scan=scan(at, **fields)), at)


def states(store: SqliteStore) -> dict[str, str]:
    with store.read() as reader:
        found = [reader.issue(number) for number in range(1, 10)]
    return {one.subject: one.state.value for one in found if one is not None}


A, B = finding("slice=a", kind="QualityTest"), finding("slice=b", kind="QualityTest")


def test_a_complete_scan_closes_what_it_no_longer_finds(store):
    send(store, 1.0, A, B)
    assert [one.result for one in send(store, 2.0, A)] == ["same", "resolved"]
    assert states(store) == {"slice=a": "open", "slice=b": "resolved"}
    assert [one.result for one in send(store, 3.0, B)] == ["regressed", "resolved"]


def test_a_scan_that_stopped_early_closes_nothing(store):
    send(store, 1.0, A, B)
    send(store, 2.0, A, complete=False)
    assert states(store) == {"slice=a": "open", "slice=b": "open"}


def test_what_was_not_judged_is_not_closed(store):
    send(store, 1.0, A, B)
    send(store, 2.0, unjudged=(Unjudged(kind="QualityTest", subject="slice=a"),))
    assert states(store) == {"slice=a": "open", "slice=b": "resolved"}
    send(store, 3.0, unjudged=(Unjudged(kind="QualityTest"),))
    assert states(store)["slice=a"] == "open"


def test_another_scope_package_or_source_closes_nothing(store):
    send(store, 1.0, A)
    send(store, 2.0, scope="other")
    send(store, 3.0, package="other")
    send(store, 4.0, source="replay")
    assert states(store) == {"slice=a": "open"}


def test_an_earlier_scan_that_waited_closes_nothing(store):
    send(store, 5.0, A)
    send(store, 4.0)
    assert states(store) == {"slice=a": "open"}


def test_a_proof_of_a_newer_version_closes_the_alert_of_the_older(store):
    alert = finding("slice=a", kind="SliceRegression", source="alertmanager", version="1.0.0")
    with store.write() as writer:
        receive(writer, Report(findings=(alert,)), 1.0)
    proof = Proof(kind="SliceRegression", subject="slice=a", text="accuracy 0.9 in the test of 2")
    send(store, 2.0, proofs=(proof,))
    assert states(store) == {"slice=a": "open"}  # the same version proves nothing
    send(store, 3.0, version="2.0.0", proofs=(proof,), report="http://ci.test/7")
    assert states(store) == {"slice=a": "resolved"}
    with store.read() as reader:
        event = reader.events(1)[0].event
        issue = reader.issue(1)
    assert (event.text, event.version, event.link) == (
        "accuracy 0.9 in the test of 2", "2.0.0", "http://ci.test/7",
    )  # fmt: skip
    assert issue is not None
    assert issue.resolved_in == "2.0.0"


def test_two_sources_of_one_issue_both_have_to_end(store):
    alert = finding("feature=a", source="alertmanager", key="f1", starts_at=1.0)
    drift = finding("feature=a", source="drift", starts_at=2.0)
    with store.write() as writer:
        receive(writer, Report(findings=(alert, drift)), 2.0)
        over = alert.model_copy(update={"firing": False})
        assert receive(writer, Report(findings=(over,)), 3.0)[0].result == "same"
        over = drift.model_copy(update={"firing": False})
        assert receive(writer, Report(findings=(over,)), 4.0)[0].result == "resolved"


def test_a_message_that_comes_again_only_moves_last_seen(store):
    sent = finding("feature=a", delivery="m1")
    with store.write() as writer:
        for at in range(100):
            receive(writer, Report(findings=(sent,)), 1_000.0 + at)
    with store.read() as reader:
        issue = reader.issue(1)
        assert issue is not None
        assert (issue.events, issue.last_seen) == (1, 1_099.0)
        assert len(reader.events(1)) == 1


def test_a_time_to_come_hides_no_later_episode_and_no_later_scan(store):
    alert = finding("feature=a", source="alertmanager", key="f1", starts_at=9e9)
    with store.write() as writer:
        receive(writer, Report(findings=(alert,)), 100.0)
        over = alert.model_copy(update={"firing": False})
        assert receive(writer, Report(findings=(over,)), 110.0)[0].result == "resolved"
        again = alert.model_copy(update={"starts_at": 120.0})
        assert receive(writer, Report(findings=(again,)), 121.0)[0].result == "regressed"
    with store.write() as writer:
        receive(writer, Report(scan=scan(9e9)), 200.0)
    send(store, 300.0, A)
    send(store, 400.0)
    assert states(store)["slice=a"] == "resolved"


def test_an_open_issue_that_becomes_urgent_says_so(store):
    small = finding("package", kind="RequestsFailed", share=0.001, severity="info")
    with store.write() as writer:
        receive(writer, Report(findings=(small,)), 2_000.0)
        page = small.model_copy(update={"severity": "page", "starts_at": 2_100.0})
        receive(writer, Report(findings=(page,)), 2_101.0)
        receive(writer, Report(findings=(page,)), 2_102.0)
    with store.read() as reader:
        told = [(one.event.what, one.event.text) for one in reader.events(1)]
    assert [what for what, _ in told] == ["rose", "opened"]
    assert told[0][1].startswith("from P4 to P1")


def test_a_proof_does_not_close_what_a_person_said(store):
    with store.write() as writer:
        add(writer, finding("slice=a", kind="SliceRegression", version="1"), "anna", 1.0)
    proof = Proof(kind="SliceRegression", subject="slice=a", text="it passed")
    send(store, 2.0, version="2", proofs=(proof,))
    assert states(store) == {"slice=a": "open"}


def test_what_a_person_added_stays_as_it_was_said(store):
    with store.write() as writer:
        first = add(writer, finding("x", severity="page"), "anna", 1.0)
        again = add(writer, finding("x", severity="info", title="other"), "ben", 2.0)
    assert first[1] == "new"
    assert again == (first[0], "same")


def test_a_measured_share_comes_before_an_unknown_one(store):
    unknown = Finding(
        package="diamonds", kind="FeatureDrift", subject="feature=a", source="alertmanager",
        starts_at=1.0,
    )  # fmt: skip
    measured = finding("feature=a", source="drift", share=0.2)
    with store.write() as writer:
        receive(writer, Report(findings=(unknown, measured)), 2.0)
    with store.read() as reader:
        issue = reader.issue(1)
    assert issue is not None
    assert issue.numbers.share == 0.2


def test_a_scan_of_an_older_version_closes_nothing_of_a_newer_one(store):
    send(store, 1.0, version="1")
    send(store, 2.0, A.model_copy(update={"version": "2"}), version="2")
    send(store, 3.0, version="1")
    assert states(store) == {"slice=a": "open"}
    send(store, 4.0, version="3")
    assert states(store) == {"slice=a": "resolved"}


def test_rows_of_two_names_are_apart_and_an_issue_ends_with_both(store):
    eu, us = (A.model_copy(update={"key": name}) for name in ("eu.csv", "us.csv"))
    send(store, 1.0, eu, scope="eu.csv")
    send(store, 2.0, us, scope="us.csv")
    send(store, 3.0, scope="us.csv")
    assert states(store) == {"slice=a": "open"}
    send(store, 4.0, scope="eu.csv", digest="0123456789abcdef", file="out/index.html")
    assert states(store) == {"slice=a": "resolved"}
    with store.read() as reader:
        said = reader.events(1)[0].event.text
    assert said == (
        "test of 1.0.0, eu.csv (data 0123456789ab), no longer finds it; report in out/index.html"
    )


def test_a_corrected_file_of_another_name_closes_the_issues_of_the_old_one(store):
    old_a, old_b = (one.model_copy(update={"key": "old.csv"}) for one in (A, B))
    send(store, 1.0, old_a, old_b, scope="old.csv")
    new_b = B.model_copy(update={"key": "new.csv"})
    send(store, 2.0, new_b, scope="new.csv", replaces="old.csv")
    assert states(store) == {"slice=a": "resolved", "slice=b": "open"}
    with store.read() as reader:
        said = reader.events(1)[0].event.text
        left = reader.issue(2)
    assert said == "test of 1.0.0, new.csv, which replaces old.csv, no longer finds it"
    assert left is not None
    assert list(left.active) == ["test/new.csv"]


def test_data_that_no_scan_has_looked_at_are_replaced_by_none(store):
    send(store, 1.0, A.model_copy(update={"key": "old.csv"}), scope="old.csv")
    new = {"scope": "new.csv"}
    assert [one.result for one in send(store, 2.0, **new, replaces="odl.csv")] == ["unknown"]
    assert states(store) == {"slice=a": "open"}
    assert [one.result for one in send(store, 3.0, **new, replaces="old.csv")] == ["resolved"]
    assert send(store, 4.0, **new, replaces="old.csv") == []


def test_a_corrected_file_closes_the_issues_of_the_package_that_the_old_one_was(store):
    old = A.model_copy(update={"key": "old.csv", "package": "old.csv"})
    send(store, 1.0, old, package="old.csv", scope="old.csv")
    send(store, 2.0, package="new.csv", scope="new.csv", replaces="old.csv", complete=False)
    assert states(store) == {"slice=a": "open"}
    send(store, 3.0, package="new.csv", scope="new.csv", replaces="old.csv")
    assert states(store) == {"slice=a": "resolved"}
