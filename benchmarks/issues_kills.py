"""Senders to an issue tracker that is killed again and again; ``benchmarks/issues.py`` runs it."""

from __future__ import annotations

import collections
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from issues_service import service

from packager.tracker.store.opening import open_store


@dataclass
class Sent:
    """The state that senders share: where the service is, and what it acknowledged."""

    url: str = ""
    token: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    acknowledged: set[str] = field(default_factory=set)
    asked: collections.Counter[str] = field(default_factory=collections.Counter)

    def send(self, seed: int) -> None:
        """Send findings until ``stop``, each until it is acknowledged."""
        number = 0
        while not self.stop.is_set():
            number += 1
            name = f"feature=kill-{seed}-{number}"
            for _ in range(600):
                self.asked[name] += 1
                if self._arrived(name):
                    self.acknowledged.add(name)
                    break
                time.sleep(0.1)

    def _arrived(self, name: str) -> bool:
        body = {"findings": [
            {"package": "kills", "kind": "FeatureDrift", "subject": name, "source": "test",
             "starts_at": time.time(), "delivery": name}]}  # fmt: skip
        headers = {"authorization": f"Bearer {self.token}"}
        try:
            answer = httpx.post(
                f"{self.url}/api/v1/findings", json=body, timeout=30, headers=headers
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


def kills(folder: Path, database: str, times: int = 10, threads: int = 20) -> None:
    """``kill -9`` of the service under senders that send again until it acknowledges."""
    sent = Sent()
    senders = [threading.Thread(target=sent.send, args=(seed,)) for seed in range(threads)]
    for number in range(times + 1):
        with service(folder, database) as (process, url):
            sent.url, sent.token = url, (folder / "admin.token").read_text().strip()
            if number == 0:
                for one in senders:
                    one.start()
            time.sleep(random.uniform(1, 4))
            if number < times:
                process.kill()
            else:
                sent.stop.set()
                for one in senders:
                    one.join()
    _count(sent, times, folder, database)


def _count(sent: Sent, times: int, folder: Path, database: str) -> None:
    """Print what the store kept of what was acknowledged."""
    store = open_store(folder, database)
    with store.read() as reader:
        rows = reader.db.rows(
            "select subject, record, (select count(*) from event where event.issue = issue.id) as n"
            " from issue where package = 'kills'"
        )
        ok = "" if database else reader.db.rows("pragma integrity_check")[0]["integrity_check"]
    kept = collections.Counter(row["subject"] for row in rows)
    print(
        f"kill -9 {times} times: {len(sent.acknowledged)} acknowledged,"
        f" {len(sent.acknowledged - set(kept))} lost, {sum(n > 1 for n in kept.values())} twice,"
        f" {sum(row['n'] != 1 for row in rows)} with another number of events than 1,"
        f" {sum(n > 1 for n in sent.asked.values())} sent more than once {ok}",
        flush=True,
    )
    store.close()
