from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from serving import access
from serving.access import Keys


@pytest.fixture(autouse=True)
def always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "LOOK_EVERY", 0.0)


def test_any_of_the_keys_is_admitted_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("# those of today\nfirst\n\n  second  \n")
    keys = Keys(path)
    assert keys.admit(b"Bearer first")
    assert keys.admit(b"bearer  second")
    refused = (None, b"", b"first", b"Bearer", b"Bearer ", b"Basic first", b"Bearer firs")
    assert not [given for given in refused if keys.admit(given)]
    assert not keys.admit(b"Bearer # those of today")


def test_keys_change_while_the_server_runs(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("old\n")
    keys = Keys(path)
    path.write_text("old\nnew\n")
    assert keys.admit(b"Bearer new")
    assert keys.admit(b"Bearer old")
    path.write_text("newer\n")
    assert not keys.admit(b"Bearer old")


@pytest.mark.parametrize("text", ["", "# nothing\n\n", None])
def test_a_file_without_keys_is_an_error_but_leaves_those_in_use(
    tmp_path: Path, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys"
    path.write_text("key\n")
    keys = Keys(path)
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match="MODEL_API_KEYS_FILE: expected"):
        Keys(path)
    assert keys.admit(b"Bearer key")
    assert "the keys stay as they were" in caplog.text
    assert "Bearer" not in caplog.text
