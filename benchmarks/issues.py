"""Figures of the issue tracker: pages and searches of a full store, writers, and kills.

    benchmarks/issues.py [--issues 100000] [--folder DIR] [--database URL] [--only pages,writers,…]

A store that ``--folder`` already has is used again. Times are of requests over HTTP, one after
another on one connection, to a service in its own process; ``cpu`` is the processor time of the
service for one request, which other load on the machine changes less.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from issues_kills import kills
from issues_service import run_all, service

from packager.tracker import intake
from packager.tracker.core.actions import AddLabel, Assign, Ignore, Resolve, SnoozeFor
from packager.tracker.core.finding import Finding, Report
from packager.tracker.core.kinds import FAMILIES
from packager.tracker.core.moments import DAY, HOUR
from packager.tracker.store.opening import open_store
from packager.tracker.store.store import Store

KINDS = [kind for kinds in FAMILIES.values() for kind in kinds]
FEATURES = ("carat", "depth", "table", "price", "tenure", "income", "age", "region", "colour")
CHUNK = 500
REQUESTS = 300


def finding(choice: random.Random, number: int, at: float) -> Finding:
    """A finding of one of 40 packages."""
    feature = choice.choice(FEATURES)
    kind = choice.choice(KINDS)
    return Finding(
        package=f"model-{number % 40:02}",
        version=str(number * 20 // 100_000 + 1),
        kind=kind,
        subject=f"feature={feature}-{number}",
        severity=choice.choices(["page", "ticket", "info"], [2, 60, 38])[0],
        share=round(choice.random() ** 3, 4),
        certainty=round(1 - choice.random() ** 4, 4),
        evidence="total variation of 10,708 rows against the training's, Benjamini-Hochberg q",
        title=f"{kind}: {feature} of version {number % 7} moved",
        summary="The distribution differs from the one the model was trained on. " * 3,
        action="Compare the newest rows with the training's, then train again.",
        source=choice.choice(["alertmanager", "data check", "test"]),
        starts_at=at,
    )


def fill(store: Store, wanted: int) -> None:
    """Report ``wanted`` issues over a year, of which two thirds are over."""
    choice = random.Random(1)
    with store.read() as reader:
        done = sum(one.n for one in reader.tallies())
    began = time.time() - 365 * DAY
    start = time.perf_counter()
    for first in range(done, wanted, CHUNK):
        with store.write() as writer:
            for number in range(first, min(first + CHUNK, wanted)):
                at = began + 365 * DAY * number / wanted
                one = finding(choice, number, at)
                [receipt] = intake.receive(writer, Report(findings=(one,)), at)
                if receipt.issue is None:
                    continue
                action = _action(choice, at)
                if action is not None:
                    intake.act(writer, receipt.issue.id, action, "ana", at + HOUR)
    print(f"filled to {wanted} issues: {time.perf_counter() - start:.0f} s", flush=True)


def _action(choice: random.Random, at: float) -> Any:
    kind = choice.random()
    if kind < 0.62:
        return Resolve(reason="trained again")
    if kind < 0.67:
        return Ignore(reason="a season")
    if kind < 0.70:
        return SnoozeFor(until=at + 4000 * DAY)
    if kind < 0.75:
        return Assign(owner=choice.choice(["ana", "bo", "chris"]))
    return AddLabel(label=choice.choice(["data", "urgent", "q3"])) if kind < 0.8 else None


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(name: str, pid: int, ask: Callable[[int], httpx.Response]) -> None:
    """Times of ``REQUESTS`` requests after ten that warm up."""
    for number in range(10):
        assert ask(number).status_code == 200, ask(number).text
    cpu, times = _cpu(pid), []
    for number in range(REQUESTS):
        start = time.perf_counter()
        answer = ask(number)
        times.append(time.perf_counter() - start)
        assert answer.status_code == 200
    times.sort()
    each = (_cpu(pid) - cpu) / REQUESTS
    print(
        f"{name:42} p50 {1e3 * times[len(times) // 2]:6.1f} ms  p99"
        f" {1e3 * times[int(len(times) * 0.99)]:6.1f} ms  cpu {1e3 * each:5.1f} ms"
        f"  {len(answer.content):,} bytes",
        flush=True,
    )


def pages(folder: Path, database: str, wanted: int) -> None:
    """The list, issues and searches of a full store."""
    store = open_store(folder, database, create=True)
    fill(store, wanted)
    store.close()
    with service(folder, database) as (process, url):
        token = (folder / "admin.token").read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            paths = {
                "list as JSON": "/api/v1/issues",
                "list, one line a cause": "/api/v1/issues?folded=true",
                "list of a package": "/api/v1/issues?package=model-07",
                "resolved, newest first": "/api/v1/issues?state=resolved&order=recent",
                "every state": "/api/v1/issues?state=all",
                "label of many issues": "/api/v1/issues?label=data&state=all",
                "search: rare beginning": "/api/v1/issues?q=carat-123",
                "search: word of a tenth": "/api/v1/issues?q=carat",
                "search: words of every issue": "/api/v1/issues?q=moved+of+version&state=all",
                "search: words of one package": "/api/v1/issues?q=carat+down&package=model-07",
                "search: a single letter": "/api/v1/issues?q=a",
                "search: nothing found": "/api/v1/issues?q=zebra",
                "/metrics": "/metrics",
            }
            if client.get("/", headers={"accept": "text/html"}).status_code == 200:
                paths |= {"list as a page": "/", "list as a page, search": "/?q=carat"}
            for name, path in paths.items():
                measure(name, process.pid, lambda _, path=path: client.get(path))  # type: ignore[misc]
            choice = random.Random(2)
            ids = [choice.randrange(1, wanted + 1) for _ in range(REQUESTS)]
            measure("issue as JSON", process.pid, lambda n: client.get(f"/api/v1/issues/{ids[n]}"))
            if "list as a page" in paths:
                measure("issue as a page", process.pid, lambda n: client.get(f"/issues/{ids[n]}"))


def _write(folder: Path, database: str, seed: int, count: int, subjects: int, out: Any) -> None:
    store = open_store(folder, database)
    choice, errors, times = random.Random(seed), 0, []
    for _ in range(count):
        one = finding(choice, choice.randrange(subjects), time.time())
        subject, firing = f"feature={choice.randrange(subjects)}", choice.random() < 0.8
        changes = {"kind": "FeatureDrift", "subject": subject, "firing": firing}
        one = one.model_copy(update=changes)
        start = time.perf_counter()
        try:
            with store.write() as writer:
                intake.receive(writer, Report(findings=(one,)), time.time())
        except Exception as error:
            errors += 1
            print(f"{type(error).__name__}: {error}"[:200], file=sys.stderr)
        times.append(time.perf_counter() - start)
    times.sort()
    out.put((errors, times[len(times) // 2], times[-1]))
    store.close()


def writers(folder: Path, database: str, processes: int = 50, count: int = 200) -> None:
    """Processes that read and write findings of the same issues."""
    store = open_store(folder, database, create=True)
    with store.read() as reader:
        before = reader.db.rows("select count(*) as n from event")[0]["n"]
    out: Any = multiprocessing.Queue()
    start = time.perf_counter()
    ones = [
        multiprocessing.Process(target=_write, args=(folder, database, seed, count, 500, out))
        for seed in range(processes)
    ]
    for one in ones:
        one.start()
    results = [out.get() for _ in ones]
    for one in ones:
        one.join()
    seconds = time.perf_counter() - start
    with store.read() as reader:
        sql = "select count(*) as n, count(distinct fingerprint) as d, sum(active) as a from issue"
        row = reader.db.rows(sql)[0]
        events = reader.db.rows("select count(*) as n from event")[0]["n"] - before
        led = reader.db.rows("select coalesce(sum(n), 0) as n from cause")[0]["n"]
    errors = sum(one[0] for one in results)
    median = 1e3 * sorted(one[1] for one in results)[processes // 2]
    longest = 1e3 * max(one[2] for one in results)
    print(
        f"{processes} processes x {count}: {errors} errors, {processes * count / seconds:,.0f}/s,"
        f" median {median:.0f} ms, longest {longest:,.0f} ms; {row['n']} issues,"
        f" {row['n'] - row['d']} twice, {events} events, open {row['a']}, in causes {led}",
        flush=True,
    )
    store.close()


def senders(folder: Path, database: str, threads: int = 50, each: int = 40) -> None:
    """Threads that send findings over HTTP, a third of them twice."""
    with service(folder, database) as (_, url):
        token = (folder / "admin.token").read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        codes: collections.Counter[object] = collections.Counter()
        times: list[float] = []

        def send(seed: int) -> None:
            choice = random.Random(seed)
            with httpx.Client(timeout=120) as client:
                for number in range(each):
                    one = finding(choice, choice.randrange(300), time.time())
                    body = one.model_dump(mode="json") | {"delivery": f"{seed}-{number}"}
                    for _ in range(2 if choice.random() < 1 / 3 else 1):
                        begin = time.perf_counter()
                        answer = client.post(
                            f"{url}/api/v1/findings", json={"findings": [body]}, headers=headers
                        )
                        times.append(time.perf_counter() - begin)
                        codes[answer.status_code] += 1

        start = time.perf_counter()
        run_all([threading.Thread(target=send, args=(seed,)) for seed in range(threads)])
        seconds = time.perf_counter() - start
    times.sort()
    print(
        f"{threads} senders x {each}: {dict(codes)}, {len(times) / seconds:.0f}/s, p50"
        f" {1e3 * times[len(times) // 2]:.0f} ms, p99 {1e3 * times[int(len(times) * 0.99)]:.0f} ms",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--database", default="")
    parser.add_argument("--only", default="writers,senders,kills,pages")
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        for name in given.only.split(","):
            folder = given.folder if name == "pages" and given.folder else Path(temporary) / name
            folder.mkdir(parents=True, exist_ok=True)
            if name == "pages":
                pages(folder, given.database, given.issues)
            else:
                {"writers": writers, "senders": senders, "kills": kills}[name](
                    folder, given.database
                )


if __name__ == "__main__":
    main()
