"""Compare the answers of a recorded solution, end to end, with those that its package records.

A solution isn't trained: its flow calls members, each of which is replayed by itself. What the
package says about the whole are golden answers, and metrics on the held-out rows.
"""

from __future__ import annotations

from pathlib import Path

from packager.errors import PackageError
from packager.manifest.base import FrozenModel
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import DataSource, Manifest
from packager.model.answer_difference import agree
from packager.model.hosted import ModelHost
from packager.model.integrity import MANIFEST, IntegrityCheck, verify
from packager.model.paths import Root
from packager.worker.processes.host_command import model_host
from packager.worker.processes.resilient_model import ResilientModel, StoredModel
from packager.worker.replay.differences import accepted, evaluation_check, metric_checks
from packager.worker.replay.remeasure import measure_again, read_again
from packager.worker.replay.repeat import evaluated_job
from packager.worker.replay.replay import result_checks
from packager.worker.replay.report import MetricCheck

FILE = "flow.json"


class FlowReplay(FrozenModel):
    """Answers of a solution, compared with its package."""

    golden_rows: int = 0
    golden_differing: tuple[str, ...] = ()
    """``row 3: expected …, got …``."""
    metrics: dict[str, MetricCheck] = {}
    """Of the held-out rows; every one has to be equal but for rounding."""
    checks: tuple[IntegrityCheck, ...]
    passed: bool


def replay_flow(root: Root, out: Path) -> FlowReplay:
    """Ask the solution below ``root``; write ``out``/flow.json.

    Raises ``PackageError`` if it can't be loaded, or its data is absent.
    """
    out.mkdir(parents=True, exist_ok=True)
    manifest = Manifest.load(root.package / MANIFEST)
    checks = verify(manifest, root)
    if all(check.ok for check in checks):
        replay = _compared(root, manifest, checks)
    else:
        replay = FlowReplay(checks=tuple(checks), passed=False)
    (out / FILE).write_bytes(replay.dump())
    return replay


def _compared(root: Root, manifest: Manifest, checks: list[IntegrityCheck]) -> FlowReplay:
    data = manifest.data
    if not isinstance(data, DataSource):
        raise PackageError("this solution names no data", "build it again with [data]")
    job = evaluated_job(manifest, data)
    read = read_again(job, root)
    stored = StoredModel(root.models, manifest.serve, manifest.task)
    golden = Golden.load(root.package / "golden.json")
    differing = _golden(root, manifest, stored, golden) if golden.rows else []
    with ModelHost(model_host(root, root.models)) as host:
        measured = measure_again(stored.load(host), read, job)
    metrics = metric_checks(manifest.evaluation, measured.evaluation, {}, every=True)
    all_checks = [
        *checks,
        *result_checks(manifest, data, measured),
        evaluation_check(manifest.evaluation, measured.evaluation),
    ]
    return FlowReplay(
        golden_rows=len(golden.rows),
        golden_differing=tuple(differing),
        metrics=metrics,
        checks=tuple(all_checks),
        passed=accepted(metrics) and not differing and all(check.ok for check in all_checks),
    )


def _golden(root: Root, manifest: Manifest, stored: StoredModel, golden: Golden) -> list[str]:
    """The golden rows with another answer."""
    command = model_host(root, root.models)
    with ResilientModel(stored, manifest.schema_, command) as asker:
        reply = asker.query(list(golden.rows))
    if len(reply.answers) != len(golden.rows):
        return [f"the flow gave no answers: {reply.why or reply.outcome}"]
    return [
        f"row {row}: expected {expected}, got {got}"
        for row, (expected, got) in enumerate(zip(golden.expected, reply.answers, strict=True))
        if not agree(expected, got)
    ]
