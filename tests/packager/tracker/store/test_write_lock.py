from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from packager.tracker.store.write_lock import turn


def test_one_at_a_time(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(20):
            with turn(tmp_path / "queue", 60):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert (len(most), max(most)) == (160, 1)


def test_who_gives_up_keeps_nobody_waiting(tmp_path: Path) -> None:
    with (
        turn(tmp_path / "queue", 1),
        pytest.raises(OSError, match="another process has written"),
        turn(tmp_path / "queue", 0.05),
    ):
        pass
    for _ in range(3):
        with turn(tmp_path / "queue", 60):
            time.sleep(0)


def test_an_error_ends_the_turn(tmp_path: Path) -> None:
    with pytest.raises(KeyError), turn(tmp_path / "queue", 1):
        raise KeyError
    with turn(tmp_path / "queue", 1):
        pass
    with pytest.raises(FileNotFoundError), turn(tmp_path / "no" / "queue", 1):
        pass
