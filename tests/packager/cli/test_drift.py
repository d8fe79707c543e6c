"""``package drift``: refusals before anything is read, and the exit code of a verdict."""

from __future__ import annotations

import json

import pytest
from metrics_servers import answering, line

from packager.replicas.shadow import CHALLENGER, PAIRS, ROWS


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("http://127.0.0.1:9", "--prometheus", "http://127.0.0.1:9"),
        ("http://127.0.0.1:9", "--window", "1d"),
    ],
)
def test_drift_is_read_from_replicas_or_from_a_prometheus(run, words):
    code, out, err = run("drift", *words)
    assert (code, out) == (2, "")
    assert "prometheus" in err.lower()


@pytest.mark.parametrize(
    "words",
    [("--horizon", "100"), ("--shadow", "--horizon", "0"), ("--shadow", "--horizon", "nan")],
)
def test_a_horizon_is_one_of_a_shadow(run, words):
    code, out, err = run("drift", "http://127.0.0.1:9", *words)
    assert (code, out) == (2, "")
    assert err.startswith("error: --horizon: expected --shadow and 1 to 1e9 labels, got ")


def exposed(won: int, lost: int) -> str:
    cells = {("correct", "correct"): 800, ("correct", "wrong"): lost, ("wrong", "correct"): won}
    lines = [
        line("model_package_info", 1, digest="d"),
        line(ROWS, 1_000, outcome="same"),
        line(CHALLENGER, 1, challenger="2-b"),
        *(
            line(PAIRS, count, slice="__all__", champion=ours, challenger=theirs)
            for (ours, theirs), count in cells.items()
        ),
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("won", "lost", "verdict", "code"),
    [
        (180, 20, "challenger better", 0),
        (20, 180, "challenger worse", 1),
        (100, 100, "undecided", 1),
    ],
)
def test_fail_on_drift_accepts_a_better_challenger_only(run, won, lost, verdict, code):
    with answering(exposed(won, lost)) as (url,):
        found, out, _ = run("drift", url, "--shadow", "--json", "--fail-on-drift")
        assert json.loads(out)["verdict"] == verdict
        assert found == code
        assert run("drift", url, "--shadow")[0] == 0


def test_a_verdict_goes_to_the_issue_tracker(run, monkeypatch):
    sent = []
    monkeypatch.setattr("packager.cli.drift.send_findings", lambda *told: sent.append(told[:2]))
    words = ("--shadow", "--issues", "http://issues.test", "--report-url", "https://ci.test/7")
    with answering(exposed(180, 20)) as (url,):
        code, _, err = run("drift", url, *words)
    assert (code, err) == (0, "")
    [(address, report)] = sent
    assert address == "http://issues.test"
    assert [(one.kind, one.links) for one in report.findings] == [
        ("ChallengerBetter", {"report": "https://ci.test/7"})
    ]


def test_a_server_without_a_shadow_is_told_how_to_get_one(run):
    with answering(line("model_package_info", 1, digest="d") + "\n") as (url,):
        code, out, err = run("drift", url, "--shadow")
    assert (code, out) == (1, "")
    assert "expected the counters of a shadow, got none" in err
    assert "hint: start the champion with MODEL_SHADOW" in err
