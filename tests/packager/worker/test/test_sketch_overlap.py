"""Rows of the package's data, by the sketches of two fingerprints."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from judged_packages import sizes

from packager.data.fingerprint import fingerprint
from packager.model.paths import Root
from packager.worker.test.report import Check
from packager.worker.test.sketch_overlap import sketch_overlap


@pytest.fixture
def root(tmp_path: Path) -> Root:
    found = Root(tmp_path)
    found.package.mkdir()
    (found.package / "fingerprint.json").write_bytes(fingerprint(sizes(4_000, 1)).dump())
    return found


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [(0, 2_000, "passed"), (1_000, 3_000, "warned"), (4_000, 0, "warned")],
)
def test_the_share_is_estimated(root: Root, old: int, new: int, verdict: str) -> None:
    parts = [sizes(4_000, 1).iloc[:old], sizes(new, 2) if new else sizes(1, 2).iloc[:0]]
    frame = pd.concat([one for one in parts if len(one)], ignore_index=True)
    found = sketch_overlap(fingerprint(frame), root)
    assert isinstance(found, Check)
    assert found.verdict == verdict
    assert found.now == pytest.approx(old / (old + new), abs=0.06)


def test_other_columns_can_not_be_compared(root: Root, tmp_path: Path) -> None:
    fewer = fingerprint(sizes(100, 3).drop(columns="label"))
    assert sketch_overlap(fewer, root) == (
        "the companion holds no data, and the new rows have other columns"
    )
    assert sketch_overlap(fewer, Root(tmp_path / "none")) == "the package was built without data"
