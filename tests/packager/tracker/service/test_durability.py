"""A real service that is killed, and one whose store fails: what was acknowledged is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import warm_processes
from issue_samples import NOW, finding, reported
from issue_services import running

from packager.tracker.store.database import StoreError
from packager.tracker.store.opening import DATABASE
from packager.tracker.store.sqlite import SqliteStore

KILLS, SENDERS = 2, 5


@contextmanager
def service(state: Path) -> Iterator[tuple[Any, str]]:
    command = ["issues", "serve", "--json", "--state", str(state), "--port", "0"]
    process = warm_processes.package(command, {**os.environ}, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


class Senders:
    """Threads that send findings until each is acknowledged."""

    def __init__(self, state: Path) -> None:
        self.acknowledged: set[str] = set()
        self.url = ""
        self._state = state
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]

    def start(self) -> None:
        for one in self._threads:
            one.start()

    def stop(self) -> None:
        self._stop.set()
        for one in self._threads:
            one.join(60)

    def _send(self, seed: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            name = f"feature={seed}-{number}"
            one = finding(subject=name, delivery=name).model_dump(mode="json")
            for _ in range(300):
                if self._acknowledges(one):
                    self.acknowledged.add(name)
                    break
                time.sleep(0.05)

    def _acknowledges(self, one: object) -> bool:
        secret = (self._state / "admin.token").read_text().strip()
        headers = {"authorization": f"Bearer {secret}"}
        body = {"findings": [one]}
        try:
            return requests.post(
                f"{self.url}/api/v1/findings", json=body, headers=headers, timeout=30
            ).ok
        except requests.RequestException:
            return False


@pytest.mark.server
def test_what_a_killed_service_acknowledged_is_kept_once(tmp_path: Path) -> None:
    senders = Senders(tmp_path)
    for number in range(KILLS + 1):
        with service(tmp_path) as (process, senders.url):
            if number == 0:
                senders.start()
            wanted = len(senders.acknowledged) + 10
            until = time.monotonic() + 60
            while len(senders.acknowledged) < wanted and time.monotonic() < until:
                time.sleep(0.02)
            if number < KILLS:
                process.send_signal(signal.SIGKILL)
                process.wait()
            else:
                senders.stop()
    store = SqliteStore(tmp_path / DATABASE)
    with store.read() as reader:
        kept = Counter(row["subject"] for row in reader.db.rows("select subject from issue"))
        events = reader.db.rows("select count(*) as n from event")[0]["n"]
        assert reader.db.rows("pragma integrity_check")[0]["integrity_check"] == "ok"
    assert len(senders.acknowledged) >= 10
    assert senders.acknowledged <= set(kept)
    assert set(kept.values()) == {1}
    assert events == len(kept)
    store.close()


def test_a_store_that_fails_is_a_503_that_can_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(tmp_path / "issues.db")
    reported(store, finding())
    body = {"findings": [finding(subject="feature=x").model_dump(mode="json")]}
    with running(store) as service:

        def fail() -> object:
            raise StoreError("the store answers: database or disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(store, "write", fail)
            answer = service.ask("POST", "/api/v1/findings", json=body)
            assert service.ask("GET", "/api/v1/issues/1").status_code == 200  # reading goes on
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.json()["error"] == {
            "code": "unavailable",
            "message": "the store answers: database or disk is full",
        }
        assert service.ask("POST", "/api/v1/findings", json=body).status_code == 200


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a small disk")
@pytest.mark.slow
def test_a_full_disk_and_room_again(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]).returncode:
        pytest.skip("may not mount a tmpfs")
    try:
        with running(SqliteStore(disk / "issues.db")) as service:
            statuses = []
            for number in range(100):
                many = [
                    finding(subject=f"feature={number}-{n}", summary="s" * 2_000) for n in range(20)
                ]
                body = {"findings": [one.model_dump(mode="json") for one in many]}
                statuses.append(service.ask("POST", "/api/v1/findings", json=body).status_code)
                if statuses[-1] != 200:
                    break
            assert statuses[-1] == 503
            tallies = service.ask("GET", "/api/v1/packages").json()["tallies"]
            assert sum(one["n"] for one in tallies) == 20 * (len(statuses) - 1)
            subprocess.run(["mount", "-o", "remount,size=9m", str(disk)], check=True)
            assert service.ask("POST", "/api/v1/findings", json=body).status_code == 200
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.slow
def test_fifty_threads_of_senders_and_repeated_messages(tmp_path: Path) -> None:
    """Some messages come twice; each has the effect of one."""
    store = SqliteStore(tmp_path / "issues.db")
    with running(store) as service:
        statuses: list[int] = []

        def send(number: int) -> None:
            one = finding(subject=f"feature={number % 10}", delivery=f"{number}",
                          starts_at=NOW + number, firing=number % 4 != 3)  # fmt: skip
            body = {"findings": [one.model_dump(mode="json")]}
            for _ in range(2):
                answer = service.ask("POST", "/api/v1/findings", "report", json=body)
                statuses.append(answer.status_code)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(50)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(60)
        assert statuses == [200] * 100
        tallies = service.ask("GET", "/api/v1/packages").json()["tallies"]
        assert sum(one["n"] for one in tallies) == 10
