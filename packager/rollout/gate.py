"""The gate: a new version is compared with the serving one before it gets traffic.

``run_gate`` is for every target: it needs the addresses of two servers and the package.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from packager.image.golden import golden_rows
from packager.image.reference import Reference
from packager.progress import Progress
from packager.rollout.golden_rows import judge_golden
from packager.rollout.latency import LOOKS, LatencyBound, judge_latency
from packager.rollout.mirrored import judge_mirrored, same_inputs
from packager.rollout.mirrored_requests import (
    MirroredAnswer,
    MirroredRows,
    Row,
    ServerAddress,
    send_pairs,
)
from packager.rollout.verdict import GateCheck, GateVerdict

WARM_UP = 20
"""Requests to each version before the first that counts."""
DRAWN_ROWS = 200
POLL_SECONDS = 0.5
READY = "ready"


@dataclass(frozen=True)
class GateLimits:
    """Limits of a new version, and the duration of its measurement."""

    latency: LatencyBound = field(default_factory=LatencyBound)
    seconds: float = 60.0
    """Time for the comparison of latencies."""
    ready_seconds: float = 120.0
    accept_too_few: bool = False
    """Whether too few measurements let a version pass."""
    key: str | None = None
    """API key of both servers."""
    rows: Sequence[Row] = field(default=())
    """Rows to mirror; empty: rows that are drawn as the training's were distributed."""


def run_gate(
    old: str | None,
    new: str,
    reference: Reference,
    limits: GateLimits,
    progress: Progress,
    last: Callable[[], GateCheck] | None = None,
) -> GateVerdict:
    """Compare the version at ``new`` with its package, and with the version at ``old``.

    ``old``, ``new``: addresses of servers or of proxies before them; ``old`` is None where nothing
    serves. ``reference``: the package of ``new``. ``last``: a check that runs if none before it
    failed. Raises ``PackageError`` only if the package can't be read: what servers do wrong is in
    the verdict.
    """
    checks: list[GateCheck] = []
    with ExitStack() as stack:
        server = stack.enter_context(ServerAddress(new, limits.key))
        before = None if old is None else stack.enter_context(ServerAddress(old, limits.key))
        progress.step(f"gate: waiting until {reference.manifest.tag} is ready")
        checks.append(_ready(server, reference, limits.ready_seconds))
        if checks[-1].outcome != "failed":
            progress.step("gate: golden rows")
            golden = golden_rows(reference)
            answer = server.predict(golden.rows) if golden is not None and golden.rows else None
            checks.append(judge_golden(golden, answer))
            examples = () if golden is None else golden.rows
            checks += _beside(before, server, reference, limits, examples, progress)
    if last is not None and all(one.outcome != "failed" for one in checks):
        checks.append(last())
    return GateVerdict(tuple(checks), limits.accept_too_few)


def _ready(server: ServerAddress, reference: Reference, seconds: float) -> GateCheck:
    """Whether the server becomes ready in time, and is of the package."""
    begun, until = time.monotonic(), time.monotonic() + seconds
    while (answer := server.get("/readyz")).status != 200:
        if time.monotonic() >= until:
            problem = f"not ready after {seconds:g} s, {answer.failure_text}"
            return GateCheck(READY, "failed", problem, {"seconds": seconds})
        time.sleep(POLL_SECONDS)
    took = time.monotonic() - begun
    root = reference.manifest.root
    served_root = _served_root(server.get("/package"))
    if served_root != root:
        problem = f"expected the package with the root {root[:12]}, got {served_root[:200]}"
        return GateCheck(READY, "failed", problem, {"seconds": took})
    return GateCheck(READY, "passed", f"it serves {reference.manifest.tag}", {"seconds": took})


def _served_root(answer: MirroredAnswer) -> str:
    from packager.manifest.manifest import Manifest

    if answer.status != 200:
        return answer.failure_text
    try:
        return Manifest.model_validate(answer.document).root
    except (ValueError, RecursionError):
        return "another document at /package"


def _beside(
    old: ServerAddress | None,
    new: ServerAddress,
    reference: Reference,
    limits: GateLimits,
    examples: Sequence[Row],
    progress: Progress,
) -> list[GateCheck]:
    """The checks that compare the versions on the same rows."""
    if old is None:
        note = "nothing serves yet, so there is nothing to compare with"
        return [GateCheck("latency", "skipped", note)]
    rows = list(limits.rows) or _drawn(reference, examples)
    if not rows:
        note = "no rows to send: the package has none; name some with --data"
        return [GateCheck("mirrored rows", "too few", note, {"pairs": 0})]
    progress.step(f"gate: {len(rows)} rows to both versions in turn, up to {limits.seconds:g} s")
    for index in range(WARM_UP):
        for server in (old, new):
            server.predict([rows[index % len(rows)]])
    mirrored, until = MirroredRows(), time.monotonic() + limits.seconds
    for pairs in LOOKS:
        send_pairs(old, new, rows, mirrored, pairs, until)
        latency = judge_latency(mirrored.old_seconds, mirrored.new_seconds, limits.latency)
        if latency.outcome != "too few" or mirrored.pairs < pairs:
            break
    same = same_inputs(old.get("/schema").document, new.get("/schema").document)
    return [judge_mirrored(mirrored, same_inputs=same), latency]


def _drawn(reference: Reference, examples: Sequence[Row]) -> list[Row]:
    """Rows distributed as those of the training, so that no drift is counted; else examples."""
    from packager.run.bench.rows import synthetic_rows, with_texts

    manifest, profile = reference.manifest, reference.profile()
    if profile is None:
        return list(examples)
    drawn = synthetic_rows(manifest.schema_, profile, DRAWN_ROWS, seed=0)
    return list(with_texts(drawn, manifest.schema_, examples[0])) if examples else list(drawn)
