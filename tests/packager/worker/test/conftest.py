"""A small package, trained once for all tests of this folder; its processes start warm."""

from __future__ import annotations

import pytest
from judged_packages import packaged
from worker_projects import Project


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return packaged(tmp_path_factory.mktemp("tested"))


@pytest.fixture(scope="session")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return packaged(tmp_path_factory.mktemp("grouped"), {"groups": ["id"]})


@pytest.fixture(autouse=True)
def _warm(warm: None) -> None:
    """Every test of this folder."""
