from packager.rollout.verdict import GateCheck, GateVerdict

GOOD = GateCheck("ready", "passed", "it serves shop", {"seconds": 1.0})
FEW = GateCheck("latency", "too few", "3 pairs")
BAD = GateCheck("golden rows", "failed", "1 of 8 rows have another answer")
NONE = GateCheck("latency", "skipped", "nothing serves yet")


def test_every_check_has_to_pass():
    assert GateVerdict((GOOD, NONE)).passed
    assert not GateVerdict((GOOD, BAD)).passed
    assert GateVerdict((GOOD, BAD)).refusals == (
        "golden rows: failed: 1 of 8 rows have another answer",
    )


def test_no_check_is_no_pass():
    assert not GateVerdict(()).passed


def test_too_few_measurements_do_not_pass_unless_the_user_says_so():
    assert not GateVerdict((GOOD, FEW)).passed
    assert GateVerdict((GOOD, FEW)).refusals == ("latency: too few: 3 pairs",)
    assert GateVerdict((GOOD, FEW), accept_too_few=True).passed
    assert not GateVerdict((GOOD, FEW, BAD), accept_too_few=True).passed


def test_the_document_has_all_numbers():
    document = GateVerdict((GOOD, BAD)).document
    assert document["passed"] is False
    assert document["checks"][0] == {
        "name": "ready",
        "outcome": "passed",
        "text": "it serves shop",
        "seconds": 1.0,
    }
    assert GateVerdict((GOOD,)).findings == ("ready: passed: it serves shop",)


def test_a_line_without_cells_quotes_no_row():
    quoting = GateCheck("mirrored rows", "failed", "expected a number, got 'Anna'")
    assert quoting.line_without_cells == "mirrored rows: failed"
    assert GateCheck("latency", "failed", "slow").line_without_cells == "latency: failed: slow"
