"""Processors as affinity and control group allow them, not as the machine has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from serving.processes.cpus import available_cpus

MANY = frozenset(range(64))


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: MANY)


def cpus(folder: Path, own: str, **files: str) -> int:
    (folder / "own").write_text(own)
    for name, text in files.items():
        path = folder / "root" / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return available_cpus(folder / "root", folder / "own")


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("50000 100000\n", 1),
        ("max 100000\n", 64),
        ("9000000 100000\n", 64),
        ("nonsense\n", 64),
        ("0 0\n", 64),
    ],
)
def test_version_2_limits_by_quota_and_period(tmp_path: Path, limit: str, expected: int) -> None:
    assert cpus(tmp_path, "0::/a\n", a__cpu_dot_max=limit) == expected


def test_in_a_container_the_limit_is_that_of_the_root(tmp_path: Path) -> None:
    assert cpus(tmp_path, "0::/not/here\n", cpu_dot_max="300000 100000\n") == 3


def test_the_narrower_of_two_limits_counts(tmp_path: Path) -> None:
    limits = {"a__cpu_dot_max": "400000 100000\n", "cpu_dot_max": "300000 100000\n"}
    assert cpus(tmp_path, "0::/a\n", **limits) == 3


@pytest.mark.parametrize(("quota", "expected"), [("250000", 3), ("-1", 64)])
def test_version_1_is_read_from_the_controller_of_processors(
    tmp_path: Path, quota: str, expected: int
) -> None:
    files = {
        "cpu__x__cpu_dot_cfs_quota_us": quota,
        "cpu__x__cpu_dot_cfs_period_us": "100000",
        "cpu__cpu_dot_cfs_quota_us": "-1",
        "cpu__cpu_dot_cfs_period_us": "100000",
    }
    assert cpus(tmp_path, "4:cpu,cpuacct:/x\n3:memory:/x\n", **files) == expected


def test_without_a_control_group_the_affinity_counts(tmp_path: Path) -> None:
    assert available_cpus(tmp_path, tmp_path / "none") == 64
