"""Findings and issues for tests of the tracker, and a store in a folder."""

from __future__ import annotations

from typing import Any

from packager.tracker.core.finding import Finding
from packager.tracker.core.issue import Issue
from packager.tracker.core.states import opened

T0 = 1_764_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def finding(**changes: Any) -> Finding:
    """FeatureDrift of carat in version 1, since ``T0``."""
    given: dict[str, Any] = {
        "package": "shop",
        "version": "1",
        "kind": "FeatureDrift",
        "subject": "feature=carat",
        "source": "alertmanager",
        "key": "a1",
        "starts_at": T0,
    }
    return Finding.model_validate({**given, **changes})


def issue(state: dict[str, Any] | None = None, **changes: Any) -> Issue:
    """An open issue of ``finding(**changes)`` with other fields as in ``state``."""
    return opened(finding(**changes), T0).issue.with_changes({"id": 1, **(state or {})})
