from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command import NO_ENGINE, Package, served


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def served_url(local_package: Package) -> Iterator[str]:
    """The address of the starter package, served by a process of this machine."""
    with served(local_package.reference, "--local", env=NO_ENGINE) as url:
        yield url
