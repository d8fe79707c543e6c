from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.solution.errors import MemberRaisedError, MemberUnavailableError
from modelhost.solution.flow import Flow
from tests.modelhost.solution.conftest import Load
from tests.support.solution_samples import member_spec

pytestmark = pytest.mark.slow  # a process with its own pandas
ROWS = pd.DataFrame({"x": [1.0, 2.0, 3.0]})


def answered(flow: Flow, seconds: float = 60) -> list[float]:
    """The answers to ``ROWS``, as soon as the member answers again."""
    until = time.monotonic() + seconds
    while True:
        try:
            return list(flow.predict(ROWS).tolist())
        except MemberUnavailableError:
            assert time.monotonic() < until
            time.sleep(0.02)


def test_a_killed_process_is_named_and_replaced(
    load: Load, capfd: pytest.CaptureFixture[str]
) -> None:
    flow = load((member_spec("double"), {"scale": 2}))
    assert flow.predict(ROWS).tolist() == [2.0, 4.0, 6.0]
    assert flow.states == {"double": "ready"}
    with pytest.raises(MemberUnavailableError, match="'double' ended with signal SIGKILL; another"):
        flow.predict(pd.DataFrame({"x": [666.0]}))
    assert "ended with signal SIGKILL" in flow.states["double"]
    assert answered(flow) == [2.0, 4.0, 6.0]
    outcomes = {call.outcome for call in flow.take_calls()}
    assert outcomes == {"answered", "failed"}
    said = "member 'double': its process ended with signal SIGKILL; another process starts"
    assert said in capfd.readouterr().err


def test_an_exception_of_its_model_is_about_the_rows(load: Load) -> None:
    flow = load((member_spec("double"), {"scale": 2}))
    with pytest.raises(MemberRaisedError, match="'double': the model raised ValueError: no 777"):
        flow.predict(pd.DataFrame({"x": [777.0]}))
    assert flow.predict(ROWS).tolist() == [2.0, 4.0, 6.0]


def test_a_deadline_passes_and_the_late_answer_is_not_taken_for_the_next(load: Load) -> None:
    flow = load((member_spec("double", deadline=0.3), {"scale": 2}))
    assert answered(flow) == [2.0, 4.0, 6.0]
    with pytest.raises(MemberUnavailableError, match="'double' did not answer in time") as late:
        flow.predict(pd.DataFrame({"x": [1800.0]}))  # 0.8 s
    assert late.value.late
    assert answered(flow) == [2.0, 4.0, 6.0]


def test_a_request_does_not_wait_for_an_abandoned_one_beyond_its_own_end(load: Load) -> None:
    flow = load((member_spec("double"), {"scale": 2}))
    assert flow.predict(ROWS).tolist() == [2.0, 4.0, 6.0]
    flow.members.double.submit(pd.DataFrame({"x": [3_600_000.0]}))  # an hour, without a deadline
    flow.members.deadline = time.monotonic() + 0.2
    for _ in range(3):
        with pytest.raises(MemberUnavailableError, match="did not answer in time"):
            flow.predict(ROWS)
    timers = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
    own = flow.members.double.runner
    assert sum(one.function.__self__ is own for one in timers) <= 1  # type: ignore[attr-defined]


def test_the_deadline_of_the_request_is_that_of_the_member(load: Load) -> None:
    flow = load((member_spec("double"), {"scale": 2}))
    assert flow.predict(ROWS).tolist() == [2.0, 4.0, 6.0]
    flow.members.deadline = time.monotonic() + 0.2
    with pytest.raises(MemberUnavailableError, match="did not answer in time"):
        flow.predict(pd.DataFrame({"x": [1700.0]}))
    flow.members.deadline = None
    assert answered(flow) == [2.0, 4.0, 6.0]


def test_a_stuck_process_is_ended(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelhost.solution.member_process.STUCK_SECONDS", 0.2)
    flow = load((member_spec("double", deadline=0.2), {"scale": 2}))
    assert answered(flow) == [2.0, 4.0, 6.0]
    with pytest.raises(MemberUnavailableError):
        flow.predict(pd.DataFrame({"x": [601_000.0]}))  # ten minutes
    assert answered(flow) == [2.0, 4.0, 6.0]


def test_rows_on_which_a_model_raises_are_missing_with_on_error_null(load: Load) -> None:
    flow = load((member_spec("double", on_error="null"), {"scale": 2}))
    found = flow.run(pd.DataFrame({"x": [1.0, 777.0, 2.0, 777.0, 3.0]}))
    assert found.missing().tolist() == [False, True, False, True, False]
    assert found.predictions.tolist()[::2] == [2.0, 4.0, 6.0]
    assert np.isnan(flow.run(pd.DataFrame({"x": [777.0]})).predictions).all()
    counted = [(call.outcome, call.rows) for call in flow.take_calls()]
    assert counted == [("answered", 3), ("null", 2), ("answered", 0), ("null", 1)]


def test_a_member_that_is_away_gives_nulls_to_requests_only(load: Load) -> None:
    flow = load((member_spec("double", on_error="null"), {"scale": 2}))
    dies = pd.DataFrame({"x": [666.0, 1.0]})
    assert flow.run(dies).missing().all()
    flow.members.serving = False
    assert answered(flow) == [2.0, 4.0, 6.0]
    with pytest.raises(MemberUnavailableError, match="'double' ended with signal SIGKILL"):
        flow.run(dies)


def test_without_requests_a_member_has_no_deadline(load: Load) -> None:
    flow = load((member_spec("double", deadline=0.05), {"scale": 2}))
    flow.members.serving = False
    assert flow.predict(pd.DataFrame({"x": [1200.0]})).tolist() == [2400.0]  # 0.2 s


def test_threads_of_a_flow_may_share_a_member(load: Load) -> None:
    threads = """
from concurrent.futures import ThreadPoolExecutor

def run(rows, members):
    def ask(n):
        return members.double(rows.assign(x=rows.x * n)).predictions
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(ask, range(1, 25)))
"""
    flow = load((member_spec("double"), {"scale": 2}), flow=threads)
    assert flow.predict(ROWS).tolist() == [600.0, 1200.0, 1800.0]


def test_what_a_member_has_started_ends_with_it(load: Load, tmp_path: Path) -> None:
    flow = load((member_spec("double"), {"scale": 2}))
    process = flow.members["double"].process_id
    child = tmp_path / "child"
    code = tmp_path / "model" / "members" / "double" / "code" / "double_model.py"
    code.write_text(
        code.read_text().replace(
            "        x = np",
            f"""        import subprocess
        if (frame["x"] == 5).any():
            open({str(child)!r}, "w").write(str(subprocess.Popen(["sleep", "600"]).pid))
        x = np""",
            1,
        )
    )
    assert process is not None
    os.kill(process, signal.SIGKILL)
    assert answered(flow) == [2.0, 4.0, 6.0]  # the changed code
    flow.predict(pd.DataFrame({"x": [5.0]}))
    with pytest.raises(MemberUnavailableError):
        flow.predict(pd.DataFrame({"x": [666.0]}))
    assert answered(flow) == [2.0, 4.0, 6.0]
    until = time.monotonic() + 30
    while running(int(child.read_text())):  # it was sent SIGKILL
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_process_that_closes_its_connection_and_runs_on_is_ended(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelhost.solution.member_process.END_SECONDS", 0.2)
    flow = load((member_spec("double"), {"scale": 2}))
    process = flow.members["double"].process_id
    code = tmp_path / "model" / "members" / "double" / "code" / "double_model.py"
    closes = """        if (frame["x"] == 5).any():
            os.closerange(3, 100)
            time.sleep(600)
        x = np"""
    code.write_text(code.read_text().replace("        x = np", closes, 1))
    assert process is not None
    os.kill(process, signal.SIGKILL)
    assert answered(flow) == [2.0, 4.0, 6.0]  # the changed code
    with pytest.raises(MemberUnavailableError, match="'double' closed its connection and "):
        flow.predict(pd.DataFrame({"x": [5.0]}))
    assert answered(flow) == [2.0, 4.0, 6.0]


def running(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2][:4]
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"exits": 3}, "its process ended with exit code 3 while it loaded the model"),
        ([], "load of 'double_model:Model' raised AttributeError"),
    ],
)
def test_a_member_that_cannot_be_loaded(load: Load, given: object, told: str) -> None:
    with pytest.raises(PackageError, match=f"member 'double': .*({told})"):
        load((member_spec("double"), given))


def test_it_has_its_own_code_and_not_the_flows(load: Load) -> None:
    flow = load((member_spec("double"), {"scale": 2}))
    process = flow.members["double"].process_id
    assert process is not None
    variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    (path,) = [one for one in variables if one.startswith(b"PYTHONPATH=")]
    assert re.search(rb"members/double/code:", path)
    programs = f"PATH={os.path.dirname(sys.executable)}:".encode()
    assert any(one.startswith(programs) for one in variables)
    assert b"/code/flow" not in path
    os.kill(process, signal.SIGKILL)
