from __future__ import annotations

import os

import pytest

from serving.http.worker_table import Heartbeat, Heartbeats, Workers, make_table


@pytest.fixture
def table():
    descriptor = make_table()
    yield descriptor
    os.close(descriptor)


def test_workers_know_which_has_fewest_connections(table: int) -> None:
    first, second = (Workers(table, index) for index in (1, 2))
    assert first.fewest_elsewhere() == 0
    first.opened()
    first.opened()
    second.opened()
    assert (first.connections, first.fewest_elsewhere(), second.fewest_elsewhere()) == (2, 1, 2)
    first.closed()
    assert second.fewest_elsewhere() == 1
    second.drain()
    assert first.fewest_elsewhere() is None
    assert not first.others_serve()
    assert second.others_serve()


def test_one_alone_never_waits_for_another() -> None:
    alone = Workers(None, 0)
    alone.opened()
    assert alone.fewest_elsewhere() is None
    assert not alone.others_serve()


def test_a_worker_that_died_serves_no_more(table: int) -> None:
    child = os.fork()
    if child == 0:
        Workers(table, 1)
        os._exit(0)
    os.waitpid(child, 0)
    assert not Workers(table, 2).others_serve()


def test_a_worker_that_comes_again_begins_with_nothing(table: int) -> None:
    first = Workers(table, 1)
    first.opened()
    first.drain()
    again = Workers(table, 1)
    assert again.connections == 0
    assert Workers(table, 2).fewest_elsewhere() == 0


def test_the_supervisor_sees_what_a_worker_says_of_itself(table: int) -> None:
    worker, heartbeats = Workers(table, 3), Heartbeats(table)
    assert heartbeats.of(3) == Heartbeat(os.getpid(), 0, 0)
    worker.beat()
    worker.busy(5)
    assert (heartbeats.of(3).beat > 0, heartbeats.of(3).busy_since) == (True, 5)
    worker.busy(0)
    assert heartbeats.of(3).busy_since == 0


def test_a_worker_that_ended_has_no_turn(table: int) -> None:
    ended, other = Workers(table, 1), Workers(table, 2)
    ended.beat()
    other.opened()
    Heartbeats(table).clear(1)
    assert other.fewest_elsewhere() is None
    assert Heartbeats(table).of(1).beat == 0
