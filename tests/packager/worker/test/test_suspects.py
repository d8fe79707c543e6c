"""Shares of suspicious values, compared with those at packaging."""

from __future__ import annotations

import pytest
from judged_packages import judge_on, sizes
from worker_projects import Project


@pytest.mark.slow
def test_missing_and_unseen_values_beyond_the_usual_share_fail(package: Project) -> None:
    frame = sizes(2_000, 7)
    frame.loc[:199, "color"] = None
    frame.loc[300:399, "color"] = "violet"
    report = judge_on(package, frame)
    failed = {c.name: c for c in report.checks if c.verdict == "failed"}
    assert {"missing color", "unseen color"} <= set(failed)
    assert failed["unseen color"].now == pytest.approx(0.05)
    assert failed["unseen color"].examples[0] == {"row": 300, "cells": {"color": "violet"}}
