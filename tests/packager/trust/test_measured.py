"""What was measured becomes a test result, unless it is no evidence of this package."""

from __future__ import annotations

from typing import Any

import pytest
from host_samples import MANIFEST

from packager.errors import PackageError
from packager.manifest.evaluation import DataCheckSummary
from packager.trust.measured import replay_result, result_of_replay, results_at_build
from packager.worker.replay.report import ReplayReport, damaged


def replayed(**changes: Any) -> ReplayReport:
    told = {"root": MANIFEST.root, "checked_by": "this installation", "passed": True}
    return damaged(MANIFEST, ()).model_copy(update={"level": "artifact", **told, **changes})


def test_a_replay_that_passed() -> None:
    found = result_of_replay(replayed(), b"{}", MANIFEST)
    assert (found.result, found.kind, found.passed_tests) == ("PASSED", "replay", ("artifact",))
    assert found.configuration[0].annotations == {"level": "artifact", "required level": "none"}


def test_a_replay_that_failed() -> None:
    found = result_of_replay(replayed(passed=False, level="none"), b"{}", MANIFEST)
    assert (found.result, found.failed_tests) == ("FAILED", ("none",))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"root": "1" * 64}, f"is of the package root {'1' * 64}, expected {MANIFEST.root}"),
        ({"root": ""}, "is of the package root of none"),
        ({"perturbed": "seed"}, "is a negative control: it changed seed"),
        ({"checked_by": "the package itself"}, "was judged by the package itself"),
    ],
)
def test_what_is_no_evidence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PackageError, match=message) as raised:
        result_of_replay(replayed(**changes), b"{}", MANIFEST)
    assert raised.value.hint


def test_the_check_of_the_data_at_build() -> None:
    assert not list(results_at_build(MANIFEST))
    clean = DataCheckSummary(digest="e" * 64, counts={})
    (found,) = results_at_build(MANIFEST.model_copy(update={"findings": clean}))
    assert (found.result, found.kind) == ("PASSED", "data check")
    assert found.configuration[0].digest == {"sha256": "e" * 64}


def test_two_reports_differ_in_their_digest() -> None:
    one, two = (replay_result("state", True, text, "state") for text in (b"1", b"2"))
    assert one.configuration[0].digest != two.configuration[0].digest
