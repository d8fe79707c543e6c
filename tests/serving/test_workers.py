from __future__ import annotations

import os
from pathlib import Path

from serving.workers import Workers


def test_workers_know_who_has_fewest(tmp_path: Path) -> None:
    first, second = (Workers(tmp_path / "workers", index) for index in (1, 2))
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


def test_a_worker_that_died_serves_no_more(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        Workers(tmp_path / "workers", 1)
        os._exit(0)
    os.waitpid(child, 0)
    assert not Workers(tmp_path / "workers", 2).others_serve()


def test_a_worker_that_comes_again_begins_with_nothing(tmp_path: Path) -> None:
    first = Workers(tmp_path / "workers", 1)
    first.opened()
    first.drain()
    again = Workers(tmp_path / "workers", 1)
    assert again.connections == 0
    assert Workers(tmp_path / "workers", 2).fewest_elsewhere() == 0
