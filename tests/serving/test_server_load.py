"""Workers under load: all share it, a dead one is replaced, and shutdown loses no request."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from serving_helpers import Package, Server, start, wait_ready
from serving_load import Load

pytestmark = pytest.mark.server


def workers(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found if Path(f"/proc/{one}/comm").read_text()[:6] == "worker"]


def shares(server: Server) -> list[float]:
    """Which part of the requests each worker answered."""
    from prometheus_client.mmap_dict import MmapedDict

    server.wait_counted()
    counted = [
        sum(
            value
            for key, value, *_ in MmapedDict.read_all_values_from_file(str(path))
            if "model_slice_predictions_total" in key and "__all__" in key
        )
        for path in (server.home / "prometheus_multiproc_dir").glob("counter_w*.db")
    ]
    return [count / max(1.0, sum(counted)) for count in counted]


def wait_for(outcome: str, load: Load, least: int) -> None:
    until = time.monotonic() + 60
    while load.outcomes[outcome] < least:
        assert time.monotonic() < until, load.outcomes
        time.sleep(0.01)


@pytest.fixture
def fresh(package: Package, tmp_path: Path):
    server = start(package, tmp_path)
    wait_ready(server)
    server.is_whole()
    yield server
    server.stop()


def test_every_worker_carries_its_part(fresh: Server) -> None:
    with Load(fresh.port, clients=16) as load:
        wait_for("200", load, 2_000)
    fresh.answered[0] = time.monotonic()
    assert set(load.outcomes) == {"200"}
    assert len(shares(fresh)) == 2
    assert min(shares(fresh)) > 0.25


@pytest.mark.parametrize("one_request_a_connection", [False, True])
def test_sigterm_under_load_loses_no_request(fresh: Server, one_request_a_connection: bool) -> None:
    with Load(fresh.port, clients=16, one_request_a_connection=one_request_a_connection) as load:
        wait_for("200", load, 500)
        fresh.process.send_signal(signal.SIGTERM)
        assert fresh.process.wait(60) == 0
        wait_for("refused", load, 16)
    assert set(load.outcomes) == {"200", "refused"}


def test_a_killed_worker_is_replaced_while_others_serve(fresh: Server) -> None:
    first = workers(fresh.process.pid)
    assert len(first) == 2
    with Load(fresh.port, clients=16) as load:
        wait_for("200", load, 500)
        os.kill(first[0], signal.SIGKILL)
        before = load.outcomes["200"]
        wait_for("200", load, before + 500)
        until = time.monotonic() + 60
        while len(set(workers(fresh.process.pid)) - set(first)) < 1:
            assert time.monotonic() < until
            time.sleep(0.1)
    # Each connection of the killed worker loses the one request it had under way.
    assert set(load.outcomes) <= {"200", "lost"}
    assert load.outcomes["lost"] <= 16
