"""A command hashes each file of a project once, on the host."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import NO_ENGINE, Package, package
from opened_files import HASHING, LAYER, opened_for, watched


def test_a_build_hashes_the_data_once_and_reads_it_once_for_its_layer(
    local_package: Package,
) -> None:
    watching = local_package.project.parent / "watched"  # by the fixture, with gate and manifest
    assert opened_for(watching, HASHING) == 1
    assert opened_for(watching, LAYER) == 1


@pytest.mark.parametrize(
    ("name", "options", "layers"),
    [
        ("data/visits.csv", (), 0),  # the report of the build is kept
        ("data/visits.csv", ("--no-cache",), 1),
        ("train.py", (), 0),
    ],
)
def test_a_check_hashes_a_file_once_whether_its_report_is_kept_or_not(
    local_package: Package, tmp_path: Path, name: str, options: tuple[str, ...], layers: int
) -> None:
    env = {**NO_ENGINE, **watched(local_package.project / name, tmp_path)}
    done = package("data", "check", local_package.project, *options, "--json", env=env)
    assert done.code == 0, done.err
    assert opened_for(tmp_path, HASHING) == 1
    assert opened_for(tmp_path, LAYER) == layers
