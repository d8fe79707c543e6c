"""A server whose model does all that harms its own process: what clients, log and probes get."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_models import LOAD_VARIABLE, hostile_package
from long_cases import long
from serving_helpers import WITHOUT_PAUSES, start, wait_ready
from serving_load import Load
from watched_servers import (
    BROKEN,
    ENDED,
    FINE,
    LATE,
    LIMITS,
    Watched,
    children_of,
    model_processes,
    wait_for,
)

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Two workers and two model processes, which start again without pauses."""
    folder = tmp_path_factory.mktemp("hostile")
    package = hostile_package(folder / "package", processes=2)
    server = start(package, folder, program=WITHOUT_PAUSES, **LIMITS)
    wait_ready(server)
    yield Watched(server)
    server.stop()


@pytest.mark.parametrize(
    ("attack", "answer", "text", "reason", "hint"),
    [
        ("leaves_a_daemon_and_exits", ENDED, "ended with exit code 7", "exit", "code of the model"),
        ("overflows_the_stack", ENDED, "was killed by SIGSEGV", "signal", "too deep a recursion"),
        ("runs_out_of_memory", BROKEN, "exit code 70: the model ran out", "memory", "more memory"),
        ("never_answers", LATE, "it left a request without an answer", "hang", "see `stacks`"),
        *long(
            ("exits", ENDED, "ended with exit code 7", "exit", "code of the model that exits"),
            ("kills_itself", ENDED, "was killed by SIGKILL", "signal", "memory, of this container"),
            ("raises_later", FINE, "ended with exit code 1", "exit", "an error above in this log"),
            ("closes_its_descriptors", ENDED, "ended with exit code 1", "exit", "an error above"),
            ("closes_its_connections", ENDED, "ended with exit code 1", "exit", "an error above"),
            ("cuts_a_frame_short", LATE, "it left a request without an", "hang", "see `stacks`"),
            ("stops_itself", LATE, "was killed: it", "hang", "never returns"),
        ),
    ],
)
def test_a_model_that_ends_its_process_is_replaced_and_the_log_says_why(
    watched: Watched, attack: str, answer: tuple[int, str], text: str, reason: str, hint: str
) -> None:
    watched.begin()
    before = watched.server.metric("model_process_restarts_total", reason=reason)
    assert watched.predict(attack) == answer
    line = watched.told("; another starts now")
    assert line["message"].startswith("model process ")
    assert text in line["message"]
    assert (line["reason"], hint in line["hint"]) == (reason, True), line
    wait_for(lambda: watched.ready and watched.predict("fine") == FINE)
    after = watched.server.metric("model_process_restarts_total", reason=reason)
    assert after - before == 1


@pytest.mark.parametrize(
    ("attack", "answers"),
    [
        ("leaks", (BROKEN, ENDED, LATE)),
        *long(
            ("leaks_in_a_child", (FINE, ENDED)),
            ("leaks_shared_memory", (BROKEN, ENDED, LATE)),
        ),
    ],
)
def test_memory_beyond_the_limit_is_refused_or_ends_the_process(
    watched: Watched, attack: str, answers: tuple[tuple[int, str], ...]
) -> None:
    watched.begin()
    assert watched.predict(attack) in answers
    line = watched.told("; another starts now")
    assert line["reason"] == "memory"
    assert "MODEL_PROCESS_MEMORY" in line["hint"]
    wait_for(lambda: watched.ready and watched.predict("fine") == FINE)


@pytest.mark.parametrize(
    ("attack", "answer", "logged"),
    [
        ("sends_garbage", ENDED, "sent something else than an answer: expected b'MHW1'"),
        ("sends_answers_to_nobody", ENDED, "expected an answer to a request, got another"),
        ("sends_a_strange_id", ENDED, "expected an answer to a request, got another"),
        ("announces_too_much", ENDED, "got 10 and 1099511627776"),
        ("answers_for_other_rows", BROKEN, "model diamonds raised an error"),
        ("answers_in_another_form", BROKEN, "model diamonds raised an error"),
        ("takes_longer_than_the_deadline", LATE, "no answer of model diamonds within 2 s"),
        ("calls_exit", (422, "model_refused_row"), "the model rejected a row"),
        ("prints", FINE, "a word of the model"),
        ("cuts_shared_memory_off", FINE, ""),
        ("shuts_its_sockets_down", FINE, ""),
        ("changes_signals", FINE, ""),
        ("resets_signals", FINE, ""),
        ("forks", FINE, ""),
        ("forks_in_c", FINE, ""),
        ("leaves_threads", FINE, ""),
    ],
)
def test_a_model_that_does_anything_else_ends_nothing(
    watched: Watched, attack: str, answer: tuple[int, str], logged: str
) -> None:
    watched.begin()
    wait_for(lambda: len(model_processes(watched.server)) == 2)
    processes = set(children_of(watched.server))
    assert watched.predict(attack) == answer
    assert logged in watched.told(logged)["message"] if logged else True
    # A request that the ending process has taken gets its documented 503.
    wait_for(lambda: watched.ready and watched.predict("fine") == FINE)
    assert processes <= set(children_of(watched.server))


def test_a_line_without_an_end_is_joined_with_no_line_of_another_process(
    watched: Watched,
) -> None:
    watched.begin()
    assert watched.predict("leaves_a_line_open") == FINE
    for process in model_processes(watched.server):
        os.kill(process, signal.SIGKILL)
    assert watched.told("no end of line")["message"] == "no end of line"
    line = watched.told("was killed by SIGKILL; another starts now")
    assert line["message"].startswith("model process ")


def test_no_process_of_a_model_outlives_the_one_that_started_it(watched: Watched) -> None:
    watched.begin()
    wait_for(lambda: len(model_processes(watched.server)) == 2)
    own = model_processes(watched.server)
    assert watched.predict("leaves_a_daemon") == FINE
    (daemon,) = wait_for(lambda: set(model_processes(watched.server)) - {*own})
    for process in own:
        os.kill(process, signal.SIGKILL)
    line = watched.told("had left 1 processes, which are killed")
    assert line["message"].startswith("model process ")
    assert not Path(f"/proc/{daemon}").exists()


def test_a_model_that_closes_its_output_answers_on(watched: Watched) -> None:
    watched.begin()
    assert watched.predict("closes_its_output") == FINE
    wait_for(lambda: watched.ready)
    assert watched.predict("fine") == FINE
    for process in model_processes(watched.server):
        os.kill(process, signal.SIGKILL)
    watched.told("was killed by SIGKILL; another starts now")


def test_model_processes_share_the_processors(watched: Watched) -> None:
    watched.begin()
    share = max(1, len(os.sched_getaffinity(0)) // 2)
    assert watched.predict("tells_its_threads") == FINE
    assert watched.told("threads")["message"] == f"threads [{share}] cores {share}"


def test_counts_are_those_that_clients_saw_while_processes_are_killed(watched: Watched) -> None:
    watched.begin()
    body = json.dumps({"rows": [{"attack": "fine"}] * 3}).encode()
    with Load(watched.server.port, clients=6, body=body) as load:
        for _ in range(6):
            wait_for(lambda: watched.ready)
            (process, *_) = random.sample(model_processes(watched.server), 1)
            os.kill(process, signal.SIGKILL)
            time.sleep(0.2)
    server, seen = watched.server, load.outcomes
    assert set(seen) <= {"200", "503", "504"}
    server.answered[0] = time.monotonic()
    for code, status in (("2xx", "200"), ("4xx", "4"), ("5xx", "5")):
        clients = watched.answers[code] + sum(
            count for one, count in seen.items() if one.startswith(status)
        )
        counted = server.metric("model_request_duration_seconds_count", route="/predict", code=code)
        assert counted == clients, code
    rows = watched.answers["2xx"] + 3 * seen["200"]
    assert server.metric("model_predictions_total") == rows
    assert server.metric("model_slice_predictions_total", slice="__all__") == rows


@pytest.mark.long
def test_a_model_that_cannot_be_loaded_is_tried_again_and_readiness_says_why(
    tmp_path: Path,
) -> None:
    """A process that reports no error: the server can't know that the next one ends, too."""
    package = hostile_package(tmp_path / "package", workers=1)
    server = start(package, tmp_path, **{LOAD_VARIABLE: "exits"}, **LIMITS)
    try:
        said = []

        def crashed_twice() -> bool:
            try:
                reply = server.get("/readyz")
            except OSError:
                return False
            assert reply.status == 503
            said.append(reply.json["error"])
            return "2 times in a row" in said[-1]["message"]

        wait_for(crashed_twice)
        assert {one["code"] for one in said} <= {"starting", "model_restarting"}
        assert said[-1]["message"].startswith(
            "process 1 of model diamonds ended with exit code 7, 2 times in a row while it loaded"
            " the model; another"
        )
        assert server.get("/livez").status == 200
        assert Watched(server).predict("fine") == LATE
        assert server.metric("model_process_restarts_total", reason="exit") >= 2
        assert server.metric("model_processes") == 1
    finally:
        assert server.stop() == 0


@pytest.mark.long
def test_a_process_that_the_model_forks_while_it_loads_serves_nothing(tmp_path: Path) -> None:
    package = hostile_package(tmp_path / "package", workers=1)
    server = start(package, tmp_path, **{LOAD_VARIABLE: "forks"}, **LIMITS)
    try:
        wait_ready(server)
        (process,) = model_processes(server)
        below = Path(f"/proc/{process}/task/{process}/children")

        def ended() -> bool:
            stats = [Path(f"/proc/{one}/stat").read_text() for one in below.read_text().split()]
            return {stat.rpartition(")")[2][1] for stat in stats} <= {"Z"}

        wait_for(ended)
        assert [Watched(server).predict("fine") for _ in range(4)] == [FINE] * 4
    finally:
        assert server.stop() == 0
