"""A project that needs a wheel, locked from a folder of wheels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from host_samples import TARGET, RecordedProgress, make_wheel
from indexes import folder_index

from packager.environment import dependencies, resolver
from packager.environment.dependencies import Dependencies, Requirements, lock_and_fetch
from packager.environment.lock import write_lock


@pytest.fixture
def lock_alpha(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Dependencies]:
    """Lock a project that needs ``alpha``, beside a runtime that needs nothing."""
    links = tmp_path / "links"
    make_wheel(links, "alpha", {"alpha.py": ""})
    monkeypatch.setattr(resolver, "HOST_FLOORS", {})
    monkeypatch.setattr(dependencies, "shipped_wheels", lambda *_: [])
    monkeypatch.setattr(dependencies, "user_index_options", lambda: folder_index(links))
    (tmp_path / "requirements.txt").write_text("alpha\n")

    def ask(base=None, update=False, heard=None):
        path = tmp_path / "package.lock"
        got = lock_and_fetch(
            Requirements(tmp_path / "requirements.txt"),
            path,
            TARGET,
            base,
            heard or RecordedProgress(),
            update=update,
        )
        write_lock(got.file, path)
        return got

    return ask
