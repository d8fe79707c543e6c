from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from registries import StartedRegistry, docker_config, registry


@pytest.fixture
def no_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """A home and a cache of the test's own, without logins and an engine's files."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DOCKER_CONFIG", docker_config(home / ".docker", {}))
    for name in ("XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedRegistry]:
    """A registry without TLS and passwords."""
    with registry(tmp_path_factory.mktemp("registry")) as found:
        yield found
