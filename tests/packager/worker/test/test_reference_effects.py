"""Design effects of the packaged rows, and the false alarms that they prevent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from judged_packages import check, judge_on, packaged, sizes

from packager.worker.test.baseline import BASELINE, Baseline

COPIES = 8


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("repeated")


@pytest.mark.slow
def test_a_group_of_like_training_rows_counts_once(
    repeated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "judged_packages.sizes",
        lambda rows, seed: (
            sizes(rows // COPIES, seed).loc[np.arange(rows) // COPIES].reset_index(drop=True)
        ),
    )
    project = packaged(repeated, {"groups": ["id"]}, rows=4_000)
    effects = Baseline.load(project.root.package / BASELINE).reference_effects
    for name in ("drift feature size", "drift feature color", "drift answer prediction"):
        assert effects[name] == pytest.approx(COPIES, rel=0.05), name
    # New rows that are independent: the packaged ones say as much as 250 rows.
    found = check(judge_on(project, sizes(2_000, 3)), "drift", "feature size")
    assert found.scale == pytest.approx(1 / 2_000 + COPIES / found.baseline_rows, rel=0.05)
    assert found.verdict != "failed"
