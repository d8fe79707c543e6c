"""What supervisor and workers tell each other of the model processes, across a fork."""

from __future__ import annotations

import os
import time

import pytest

from serving.http.worker_table import MAX_SLOTS
from serving.prediction.model_table import MAX_NOTE_BYTES, ModelEnd, ModelTable


def in_a_fork(step) -> None:
    """Run ``step`` in a child process; it must not raise."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            step()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(process, 0)[1] == 0


def test_the_end_of_a_process_is_read_by_workers_until_another_is_ready() -> None:
    board = ModelTable(3)
    end = ModelEnd("was killed by SIGSEGV", 2, 5.0)

    def told() -> None:
        assert board.of_worker(1).last_ends() == {2: end}

    assert board.last_ends() == {}
    board.ended(2, end)
    in_a_fork(told)
    board.loaded(2)
    assert board.last_ends() == {}


def test_a_later_end_replaces_an_earlier_one_also_if_it_is_shorter() -> None:
    board = ModelTable(1)
    board.ended(1, ModelEnd("was killed: " + "x" * 300, 1, 0.0))
    short = ModelEnd("ended", 2, 1.0)
    board.ended(1, short)
    assert board.last_ends() == {1: short}


def test_a_text_that_is_too_long_is_left_out() -> None:
    board = ModelTable(2)
    neighbour = ModelEnd("ended", 1, 0.0)
    board.ended(2, neighbour)
    board.ended(1, ModelEnd("x" * MAX_NOTE_BYTES, 7, 0.0))
    found = board.last_ends()
    assert (found[1].text, found[1].times) == ("ended", 7)
    assert found[2] == neighbour


def test_a_half_written_note_is_none() -> None:
    board = ModelTable(1)
    board.ended(1, ModelEnd("ended", 1, 0.0))
    board._notes[2:4] = b"\xff\xff"
    assert board.last_ends() == {}


def test_the_oldest_unanswered_request_of_any_worker_is_owed() -> None:
    board = ModelTable(2)
    last = MAX_SLOTS - 1
    assert board.owed(1) == 0

    def report() -> None:
        board.of_worker(1).owes(1, 70)
        board.of_worker(last).owes(1, 50)
        board.of_worker(last).owes(2, 90)

    in_a_fork(report)
    assert (board.owed(1), board.owed(2)) == (50, 90)
    board.forget(last)
    assert (board.owed(1), board.owed(2)) == (70, 0)
    board.of_worker(1).owes(1, 0)
    assert board.owed(1) == 0


@pytest.mark.parametrize(
    ("times", "pause", "sentence"),
    [
        (0, 0, "process 1 was killed; another loads the model"),
        (1, 0, "process 1 was killed; another loads the model"),
        (1, 7.9, "process 1 was killed; another starts in 8 s"),
        (
            4,
            8,
            "process 1 was killed, 4 times in a row while it loaded the model;"
            " another starts in 8 s",
        ),
    ],
)
def test_clients_are_told_how_often_and_when_the_next_one_starts(
    times: int, pause: float, sentence: str
) -> None:
    end = ModelEnd("was killed", times, time.monotonic() + pause)
    assert end.sentence("process 1") == sentence
