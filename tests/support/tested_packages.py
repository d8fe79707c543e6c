"""Reports of tests on new data, with what a test wants in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from packager.manifest.base import FileEntry
from packager.manifest.policy import Policy
from packager.worker.test import report as reports
from packager.worker.test.details import (
    CalibrationDetails,
    QualityDetails,
    WeakDetails,
    WeakSliceDetails,
)

HOSTILE_NAMES = (
    '<script>document.title="RAN"</script>',
    "</script><img src=x onerror=alert(1)>",
    "]]><failure/>",
    "1. https://example.com/ www.example.com ---",
    "a|b`c`|--|\n# heading @everyone #1 [x](javascript:alert(1)) <b>",
    '" onmouseover="alert(1)" x="',
    "\u202eevil\u2066",
    "a\x00b\x01\x1b[2J\u2028\ufffe\udc80",
    "W" * 10_000,
    "漢" * 300,
    "e" + "\u0301" * 300,
    "שלום",
)


def check(name: str = "accuracy", **fields: Any) -> reports.Check:
    """A check of quality that passed, with ``fields``."""
    usual: dict[str, Any] = {
        "family": "quality",
        "name": name,
        "subject": "__all__",
        "metric": "accuracy",
        "baseline": 0.9,
        "now": 0.89,
        "difference": -0.01,
        "worse": -1,
        "interval": (-0.02, 0.0),
        "limit": 0.02,
        "rows": 1000,
        "baseline_rows": 900,
        "p": 0.2,
        "q": 0.4,
        "error": 0.005,
        "degrees": 900.0,
        "visible_from": 0.015,
        "verdict": "passed",
        "why": f"{name} 0.89, 0.9 when packaged",
    }
    return reports.Check(**{**usual, **fields})


def failed(name: str = "accuracy", **fields: Any) -> reports.Check:
    """A check of quality that failed."""
    usual: dict[str, Any] = {
        "now": 0.8,
        "difference": -0.1,
        "interval": (-0.12, -0.08),
        "p": 1e-8,
        "q": 1e-7,
        "verdict": "failed",
        "why": f"{name} 0.8, 0.9 when packaged (-0.1, the policy allows 0.02) on 1,000 rows",
    }
    return check(name, **{**usual, **fields})


def unclear(name: str = "accuracy", **fields: Any) -> reports.Check:
    """A check of quality that is inconclusive."""
    usual = {"visible_from": 0.06, "verdict": "inconclusive", "rows": 60}
    return check(name, **{**usual, **fields})


def drifted(name: str, counts: Sequence[int] = (10, 20, 30), **fields: Any) -> reports.Check:
    """A check of drift with three bins."""
    usual: dict[str, Any] = {
        "family": "drift",
        "subject": name,
        "metric": "psi",
        "baseline": 0.001,
        "now": 0.2,
        "difference": 0.2,
        "worse": 1,
        "interval": None,
        "limit": 0.05,
        "why": f"{name} drifted: PSI 0.2, 0.001 is expected by chance",
        "details": {"bins": [name, "b", "other"], "reference": [30, 20, 10], "counts": counts},
    }
    return check(name, **{**usual, **fields})


def family(
    name: str, checks: Sequence[reports.Check] = (), verdict: str = "passed", **fields: Any
) -> reports.FamilyReport:
    """A family with ``checks``."""
    return reports.FamilyReport(family=name, checks=tuple(checks), verdict=verdict, **fields)


def report(
    *families: reports.FamilyReport, verdict: str = "passed", policy: dict[str, Any] | None = None
) -> reports.DataTestReport:
    """A report of ``families``."""
    return reports.DataTestReport(
        name="stones",
        version="1.0.0",
        root="ab" * 32,
        task="classification",
        files=(FileEntry(path="new.csv", sha256="cd" * 32, size=100),),
        fingerprint="ef" * 32,
        rows=1_000,
        judged_rows=990,
        labelled_rows=980,
        policy=Policy(**(policy or {})),
        verdict=verdict,
        sentence=f"{verdict}: because it is so",
        families=families,
        notes=("10 rows without a label are judged without one",),
    )


def every_family(name: str, slices: int = 2) -> reports.DataTestReport:
    """A failed report with every family and ``name`` wherever a name can stand."""
    rows = ({"row": 7, name: name, "why": name},)
    bad = {"family": "cases", "interval": None, "p": None, "q": None, "examples": rows}
    quality = [
        (failed if i % 7 == 0 else unclear if i % 3 else check)(
            f"{metric} {name}={i}", subject=f"{name}={i}", metric=metric
        )
        for i in range(slices)
        for metric in ("accuracy", "log_loss")
    ]
    drift = [drifted(f"{name}{i}", verdict="failed" if i < 2 else "passed") for i in range(8)]
    weak = WeakSliceDetails(
        rule=f'`{name}` = "{name}"',
        rows=300,
        share=0.03,
        loss=0.4,
        expected=0.1,
        excess=0.3,
        low=0.2,
        high=0.4,
        examples=rows,
    )
    weak_check = check(weak.rule, family="weak", subject=weak.rule, verdict="warned")
    missing = {"family": "suspects", "subject": name, "metric": "missing", "examples": rows}
    flags = {"rows": 3, "flags": {f"missing:{name}": 3}}
    group = {"family": "fairness", "subject": name, "interval": (-0.02, 0.04)}
    rounds = {"ratios": [1.0, 1.1, 1.2], "packaged": [0.9, 1.0, 1.1]}
    seconds = {"family": "time", "baseline": 1.0, "now": 1.1, "difference": 0.1, "limit": 0.25}
    return report(
        family("schema", [check("cells", family="schema", why=name, examples=rows)]),
        family("suspects", [check(f"missing {name}", **missing)], details=flags),
        family("drift", drift, "failed"),
        family("quality", [failed(headline=True), *quality], "failed", details=confusion(name)),
        family("calibration", [check("ece", family="calibration")], details=curve()),
        family("fairness", [check(f"accuracy {name}", **group)]),
        family("time", [check("processor time", **seconds, interval=None, details=rounds)]),
        family("cases", [failed(name, **bad, why=name)], "failed"),
        family("weak", [weak_check], details=WeakDetails(slices=(weak,)).model_dump()),
        verdict="failed",
    ).model_copy(update={"name": name, "version": name, "sentence": name, "notes": (name,)})


def curve() -> dict[str, Any]:
    """A reliability curve of three bins."""
    return CalibrationDetails(
        confidence=(0.55, 0.75, 0.95),
        accuracy=(0.6, 0.7, 0.9),
        low=(0.5, 0.65, 0.88),
        high=(0.7, 0.75, 0.92),
        rows=(50, 200, 700),
        packaged_accuracy=(0.5, None, 0.93),
    ).model_dump()


def confusion(name: str) -> dict[str, Any]:
    """Two confusion matrices of two classes."""
    return QualityDetails(
        classes=(name, "other"),
        confusion=((80, 20), (5, 95)),
        packaged_confusion=((90, 10), (4, 96)),
    ).model_dump()
