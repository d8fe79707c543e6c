from __future__ import annotations

from pathlib import Path

import pytest

from packager.tracker.location import default_state


def test_the_data_of_the_service_are_in_the_user_s_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_state() == tmp_path / "model-packager" / "issues"
    assert not default_state().exists()
