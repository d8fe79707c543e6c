"""Judge a new package's cases before it is written: a step of its own, so none trains again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from packager.build.context import BuildContext
from packager.cache import atomic_directory, cache_directory, touch
from packager.errors import PackageError
from packager.image.config import Image, assemble
from packager.image.layers import Layer
from packager.manifest.policy import Policy
from packager.runners.package import layers_worker
from packager.text import counted
from packager.worker.test.report import CasesReport, Check
from packager.worker.train.model_queries import BATCHES

JUDGED = "cases"
"""Folder of the cache with reports."""
REPORT = "cases.json"
MAX_NAMED = 3


def check_cases(context: BuildContext, image: Image, *, allow: bool) -> tuple[Check, ...]:
    """Judge the declared cases in ``image``'s package, and what the training found of batches.

    Warns of cases that warn. Raise ``PackageError`` if one fails, unless ``allow``: a golden case
    that fails is never allowed, because no server would be ready.
    """
    policy = context.project.test
    checks = [*_batches(context.folder / "out", policy)]
    if policy.case:
        checks += _declared(context, image).checks
    progress = context.progress
    for check in checks:
        if check.verdict in ("warned", "inconclusive"):
            progress.warn(check.why)
    failed = [check for check in checks if check.verdict == "failed"]
    golden = [check for check in failed if check.metric == "golden"]
    if golden and allow:
        raise PackageError(
            f"{golden[0].why}, so a server of this package would never be ready",
            'correct the model or the case, or write severity = "warn"',
        )
    if failed and not allow:
        more = f"; {len(failed) - MAX_NAMED} more failed" if len(failed) > MAX_NAMED else ""
        raise PackageError(
            "; ".join(check.why for check in failed[:MAX_NAMED]) + more,
            'correct the model or the case, write severity = "warn", or add --allow-findings',
        )
    for check in failed:
        progress.warn(f"{check.why} (--allow-findings)")
    if policy.case and not failed:
        hold = "holds" if len(policy.case) == 1 else "hold"
        progress.step(f"{counted(len(policy.case), 'case')} {hold} on the held-out rows")
    return tuple(checks)


def _batches(out: Path, policy: Policy) -> list[Check]:
    """Batches found by the training; empty for a model that may depend on its batch."""
    path = out / BATCHES
    if not policy.batch_invariance or not path.is_file():
        return []
    return [
        check.model_copy(update={"verdict": "warned"})
        if check.verdict == "failed" and (check.severity == "warn" or "cases" in policy.warn)
        else check
        for check in CasesReport.load(path).checks
    ]


def _declared(context: BuildContext, image: Image) -> CasesReport:
    """The report on the declared cases; that of the same package is reused."""
    environment, progress = context.environment, context.progress
    layers = _merged_layers(
        image.layers, [*context.stack.trees, *context.stack.worker], context.stack.data
    )
    judged = assemble("cases", environment.locked_base, layers, environment.platform, {})
    cached = cache_directory(JUDGED) / f"{judged.digest[-64:][:32]}-{environment.isolation}"
    if not context.fresh and (cached / REPORT).is_file():
        touch(cached)
        return CasesReport.load(cached / REPORT)
    progress.step(f"judging {counted(len(context.project.test.case), 'case')}")
    out = context.folder / JUDGED
    base, engine = environment.locked_base, environment.engine
    with layers_worker(layers, base, environment.platform, engine) as worker:
        report = CasesReport.load(worker.run("cases", {"request.json": b"{}"}, out, progress))
    with atomic_directory(cached, replace=True) as new:
        (new / REPORT).write_bytes(report.dump())
    return report


def _merged_layers(*parts: Sequence[Layer]) -> list[Layer]:
    """The layers of all parts, each once."""
    return list({layer.diff_id: layer for part in parts for layer in part}.values())
