"""``package feedback``: exit codes, and the output about rejected labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from host_samples import MANIFEST

from packager.cli.feedback import MAX_SHOWN
from packager.client import Client
from packager.replicas import feedback
from packager.replicas.feedback import FeedbackResult

GONE = tuple((line, "unknown") for line in range(2, MAX_SHOWN + 5))


@pytest.fixture
def fed(run, monkeypatch):
    """``package feedback`` when a server says this."""

    def call(found: FeedbackResult, *words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(feedback, "send", lambda *_: found)
        return run("feedback", "http://127.0.0.1:9", "--data", "l.csv", *words)

    return call


def test_labels_that_all_count_are_a_success(fed):
    code, out, _ = fed(FeedbackResult(5, 0, (), "line"))
    assert (code, out) == (0, "counted: 5 labels\n")


def test_labels_that_counted_before_are_no_failure(fed):
    code, out, _ = fed(FeedbackResult(0, 2, ((2, "duplicate"),), "row"))
    assert code == 0
    assert "skipped: 2 without a label yet\nnot counted: 1 duplicate\n  row 2: duplicate" in out


def test_of_many_refusals_some_are_shown_and_json_has_them_all(fed):
    found = FeedbackResult(1, 0, GONE, "line")
    code, out, _ = fed(found)
    assert code == 1
    assert out.count("  line ") == MAX_SHOWN
    assert f"and {len(GONE) - MAX_SHOWN} more; --json names them all" in out
    code, out, _ = fed(found, "--json")
    assert code == 1
    told = json.loads(out)
    assert [one["line"] for one in told["rejected"]] == [line for line, _ in GONE]
    assert told["reasons"] == {"unknown": len(GONE)}


def test_a_file_that_is_not_there_is_refused_before_the_server_is_queried(run, tmp_path: Path):
    code, _, err = run("feedback", "http://127.0.0.1:9", "--data", tmp_path / "gone.csv")
    assert code == 2
    assert "gone.csv" in err


def test_refused_labels_go_to_the_issue_tracker(fed, sent, monkeypatch):
    found = FeedbackResult(6, 0, ((2, "unknown"), (3, "duplicate")), "line")
    monkeypatch.setattr(Client, "package", lambda _: MANIFEST)
    code, out, _ = fed(found, "--issues", "http://issues.test")
    assert (code, out) == fed(found)[:2]
    [(url, report)] = sent
    assert url == "http://issues.test"
    [refused] = report.findings
    assert (refused.package, refused.version) == (MANIFEST.name, MANIFEST.tag)
    assert (refused.kind, refused.share) == ("LabelsRejected", 1 / 8)


def test_labels_count_though_the_server_does_not_say_which_package_it_is(fed, sent):
    code, out, err = fed(FeedbackResult(5, 0, (), "line"), "--issues", "http://issues.test")
    assert (code, out) == (0, "counted: 5 labels\n")
    assert "the findings were not sent: http://127.0.0.1:9" in err
    assert sent == []
