from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from small_servers import SmallServer, small_server

from packager.manifest.evaluation import Golden
from packager.progress import NullProgress
from packager.rollout import gate
from packager.rollout.gate import GateLimits, run_gate
from packager.rollout.latency import LatencyBound
from packager.rollout.verdict import GateCheck, GateVerdict

from host_samples import MANIFEST  # isort: skip

pytestmark = pytest.mark.slow

EXPECTED = ({"prediction": True}, {"prediction": False})
GOLDEN = Golden(rows=({"x": 1}, {"x": -1}), expected=EXPECTED)
LIMITS = GateLimits(
    latency=LatencyBound(slack_seconds=5.0),
    seconds=60,
    ready_seconds=60,
    rows=[{"x": 1}, {"x": 2}, {"x": -1}],
)


class Package:
    """The parts of a package that a gate reads."""

    manifest = MANIFEST
    name = "shop"

    def profile(self) -> None:
        return None


@pytest.fixture(autouse=True)
def golden(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a file that an image would have: tests of ``image/golden.py`` read one."""
    monkeypatch.setattr(gate, "golden_rows", lambda _: GOLDEN)
    monkeypatch.setattr(gate, "LOOKS", (150,))


def served(predict: Any = lambda row: (200, row["x"] > 0), **given: Any) -> SmallServer:
    documents = {"/package": MANIFEST.model_dump(by_alias=True, mode="json")}
    schema = {"/schema": {"features": [{"name": "x", "kind": "integer"}]}}
    return SmallServer(predict, {**documents, **schema}, **given)


def verdict(
    old: SmallServer | None, new: SmallServer, limits: GateLimits = LIMITS, **more: Any
) -> GateVerdict:
    package: Any = Package()
    with small_server(new) as url:
        if old is None:
            return run_gate(None, url, package, limits, NullProgress(), **more)
        with small_server(old) as before:
            return run_gate(before, url, package, limits, NullProgress(), **more)


def outcomes(found: GateVerdict) -> dict[str, str]:
    return {one.name: one.outcome for one in found.checks}


def test_an_equal_version_passes_every_check():
    found = verdict(served(), served())
    assert found.passed, found.findings
    assert [*outcomes(found)] == ["ready", "golden rows", "mirrored rows", "latency"]


def test_a_server_that_is_not_ready_fails_and_gets_no_rows():
    new = served(ready=False)
    found = verdict(served(), new, replace(LIMITS, ready_seconds=0.1))
    assert outcomes(found) == {"ready": "failed"}
    assert "not ready after 0.1 s, status 503: starting" in found.findings[0]
    assert new.asked == 0


def test_another_package_fails():
    new = served()
    new.documents["/package"] = {**new.documents["/package"], "version": "9.9.9"}
    found = verdict(served(), new)
    assert outcomes(found) == {"ready": "failed"}
    assert "expected the package with the root" in found.findings[0]


def test_other_answers_than_those_of_the_build_fail():
    found = verdict(served(), served(lambda _: (200, True)))
    assert outcomes(found)["golden rows"] == "failed"
    assert not found.passed


def test_a_slower_version_fails():
    def slow(row: dict[str, Any]) -> tuple[int, Any]:
        time.sleep(0.1)
        return 200, row["x"] > 0

    strict = replace(LIMITS, latency=LatencyBound(ratio=1.0, slack_seconds=0.0))
    found = verdict(served(), served(slow), strict)
    assert outcomes(found)["latency"] == "failed"


def test_without_an_earlier_version_nothing_is_compared():
    found = verdict(None, served())
    assert outcomes(found) == {"ready": "passed", "golden rows": "passed", "latency": "skipped"}
    assert found.passed


def test_rows_that_the_earlier_version_refuses_are_told_and_not_compared():
    old = served(lambda row: (422, "x: expected less") if row["x"] == 2 else (200, row["x"] > 0))
    found = verdict(old, served())
    assert found.passed, found.findings
    assert "refused by only the earlier version, not compared" in found.findings[2]


def test_without_rows_there_is_too_little_to_tell(monkeypatch: pytest.MonkeyPatch):
    empty = Golden(rows=(), expected=())
    monkeypatch.setattr(gate, "golden_rows", lambda _: empty)
    found = verdict(served(), served(), replace(LIMITS, rows=()))
    assert outcomes(found)["mirrored rows"] == "too few"
    assert not found.passed


def test_the_last_check_runs_only_if_none_failed():
    last = GateCheck("test", "failed", "worse")
    assert outcomes(verdict(served(), served(), last=lambda: last))["test"] == "failed"
    found = verdict(served(), served(lambda _: (200, True)), last=lambda: last)
    assert "test" not in outcomes(found)
