"""Times of the issue tracker's pages with many issues: `issues_pages.py [--issues N] [--times N]`.

Writes N issues of 40 packages (a third open) into a new store, and 60 urgent causes of 30 issues,
so that each line of the first page stands for many. Then asks for each page over HTTP in this
process, and prints the median and the 99th percentile in milliseconds of
wall-clock and of processor time. Exits 1 if a p99 of processor time is above 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from packager.tracker import intake
from packager.tracker.core.actions import AddLabel, Assign, Resolve
from packager.tracker.core.finding import Finding, Report
from packager.tracker.core.kinds import FAMILIES
from packager.tracker.core.moments import DAY, HOUR
from packager.tracker.service.app import create_app
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.tracker import Tracker
from packager.tracker.store.sqlite import SqliteStore
from packager.tracker.store.tokens import TokenScope, add_token

LIMIT = 50.0
KINDS = [kind for kinds in FAMILIES.values() for kind in kinds]
PATHS = {
    "list": "/", "next page": "", "one package": "/?package=model-7",
    "API, folded": "/api/v1/issues?folded=true",
    "package and band": "/?package=model-7&band=P3", "band": "/?band=P2",
    "kind": "/?kind=FeatureDrift", "owner": "/?owner=ada", "nobody": "/?owner=",
    "label": "/?label=retrain", "resolved": "/?state=resolved", "all": "/?state=all",
    "search, one": "/?q=number-77123", "search, many": "/?q=off", "issue": "/issues/500",
    "packages": "/packages", "package": "/package?name=model-7",
}  # fmt: skip


def fill(store: SqliteStore, n: int, now: float) -> str:
    """Write the issues; the secret of a token."""
    chance = random.Random(1)
    with store.write() as writer:
        for number in range(n):
            at = now - chance.random() * 90 * DAY
            found = Finding(
                package=f"model-{number % 40}", version="1.0", kind=chance.choice(KINDS),
                subject=f"slice=number-{number}", share=chance.random() ** 3,
                certainty=chance.random(), severity=chance.choice(["ticket", "ticket", "info"]),
                source="alertmanager", starts_at=at, title=f"number-{number} is off",
                summary="Something about it. " * 5, action="Look at it. " * 5,
            )  # fmt: skip
            intake.receive(writer, Report(findings=(found,)), at)
            if chance.random() < 0.67:
                intake.act(writer, number + 1, Resolve(), "ada", at + chance.random() * DAY)
            elif chance.random() < 0.1:
                intake.act(writer, number + 1, Assign(owner="ada"), "ada", at)
                intake.act(writer, number + 1, AddLabel(label="retrain"), "ada", at)
        for place in range(60):
            intake.receive(writer, Report(findings=cause(f"cause-{place}", now - HOUR)), now)
        return add_token(writer, "ada", TokenScope.WRITE, now)


def cause(package: str, at: float) -> tuple[Finding, ...]:
    """Inputs that moved together."""
    return tuple(
        Finding(
            package=package, version="1.0", kind="FeatureDrift", subject=f"feature=f{place}",
            severity="page", share=(place + 1) / 30, source="alertmanager", starts_at=at,
            title=f"f{place} has drifted from its training distribution",
            summary="Something about it. " * 5, action="Look at it. " * 5,
        )
        for place in range(30)
    )  # fmt: skip


async def measure(store: SqliteStore, secret: str, times: int) -> bool:
    """Ask for each page, after two calls that warm it."""
    tracker = Tracker(store)
    app = create_app(tracker, ServiceSettings(public_url="http://issues.test"))
    good = True
    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://issues.test", headers=headers
    ) as client:
        first = (await client.get("/")).text
        PATHS["next page"] = first.partition('rel="next" href="')[2].partition('"')[0]
        print(f"{'page':18} {'median':>8} {'p99':>8}  processor {'median':>8} {'p99':>8}  bytes")
        for name, path in PATHS.items():
            wall, used, size = [], [], 0
            for place in range(times + 2):
                start, cpu = time.perf_counter(), time.process_time()
                answer = await client.get(path.replace("&amp;", "&"))
                assert answer.status_code == 200, answer.text[:500]
                if place >= 2:
                    wall.append(1e3 * (time.perf_counter() - start))
                    used.append(1e3 * (time.process_time() - cpu))
                    size = len(answer.content)
            worst = statistics.quantiles(used, n=100)[98]
            good &= worst <= LIMIT
            print(f"{name:18} {statistics.median(wall):8.1f} "
                  f"{statistics.quantiles(wall, n=100)[98]:8.1f}            "
                  f"{statistics.median(used):8.1f} {worst:8.1f}  {size:,}")  # fmt: skip
    return good


def main() -> int:
    """Fill, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--state", type=Path, help="a store that an earlier run filled")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = args.state or Path(folder) / "issues.db"
        filled = path.exists()
        store = SqliteStore(path)
        if filled:
            with store.write() as writer:
                secret = add_token(writer, f"{time.time()}", TokenScope.WRITE, time.time())
        else:
            start = time.perf_counter()
            secret = fill(store, args.issues, time.time())
            print(f"{args.issues:,} issues written in {time.perf_counter() - start:.0f} s")
        return 0 if asyncio.run(measure(store, secret, args.times)) else 1


if __name__ == "__main__":
    sys.exit(main())
