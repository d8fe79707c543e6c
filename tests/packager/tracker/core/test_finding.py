from __future__ import annotations

from typing import Any

import pytest
from issue_samples import NOW, finding
from pydantic import ValidationError

from packager.tracker.core.finding import Report, fingerprint


def test_an_issue_is_its_package_kind_and_subject() -> None:
    one = finding()
    for same in ({"version": "2"}, {"share": 1}, {"title": "x"}, {"source": "test"}, {"key": "k"}):
        assert finding(**same).fingerprint == one.fingerprint
    for other in ({"package": "x"}, {"kind": "x"}, {"subject": "x"}):
        assert finding(**other).fingerprint != one.fingerprint
    assert fingerprint("a", "b", "c") != fingerprint("a", "bc", "")
    assert len(one.fingerprint) == 32


@pytest.mark.parametrize(
    "changes",
    [{"share": 1.01}, {"certainty": float("nan")}, {"links": {"x": "javascript:alert(1)"}},
     {"links": {str(n): "https://x/" for n in range(21)}}, {"values": {"x": float("inf")}},
     {"severity": "sev1"}, {"rows": []}, {"package": ""}],
)  # fmt: skip
def test_what_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        finding(**changes)


def test_findings_of_a_scan_have_its_package_and_source() -> None:
    scan = {"package": "other", "source": "test", "scope": "s", "complete": True, "at": NOW}
    with pytest.raises(ValidationError, match="to have its package and source"):
        Report.model_validate({"findings": [finding()], "scan": scan})
