from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from serving.http import auth
from serving.http.auth import ApiKeys


@pytest.fixture(autouse=True)
def no_check_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "CHECK_SECONDS", 0.0)


def test_any_of_the_keys_is_admitted_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("# those of today\nfirst\n\n  second  \n")
    keys = ApiKeys(path)
    assert keys.authenticate(b"Bearer first")
    assert keys.authenticate(b"bearer  second")
    refused = (None, b"", b"first", b"Bearer", b"Bearer ", b"Basic first", b"Bearer firs")
    assert not [given for given in refused if keys.authenticate(given)]
    assert not keys.authenticate(b"Bearer # those of today")


def test_keys_change_while_the_server_runs(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("old\n")
    keys = ApiKeys(path)
    path.write_text("old\nnew\n")
    assert keys.authenticate(b"Bearer new")
    assert keys.authenticate(b"Bearer old")
    path.write_text("newer\n")
    assert not keys.authenticate(b"Bearer old")


@pytest.mark.parametrize("text", ["", "# nothing\n\n", None])
def test_a_file_without_keys_is_an_error_but_leaves_those_in_use(
    tmp_path: Path, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys"
    path.write_text("key\n")
    keys = ApiKeys(path)
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match="MODEL_API_KEYS_FILE: expected"):
        ApiKeys(path)
    assert keys.authenticate(b"Bearer key")
    assert "the last good keys stay active" in caplog.text
    assert "Bearer" not in caplog.text


@pytest.mark.parametrize(
    "given",
    [None, b"", b"Bearer", b"Bearer \xff\xfe\x00", "Bearer schl\u00fcssel".encode(), b"Bearer one",
     b"Bearer " + b"x" * 100_000],
)  # fmt: skip
def test_every_key_is_compared_whatever_came(
    tmp_path: Path, given: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    path.write_bytes("one\nschl\u00fcssel\n".encode() + b"\xff\xfe\x00\nfour\n")
    keys = ApiKeys(path)
    compared: list[tuple[int, int]] = []
    real = auth.hmac.compare_digest

    def counting(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(auth.hmac, "compare_digest", counting)
    good = given is not None and given.removeprefix(b"Bearer ") in path.read_bytes().split(b"\n")
    assert keys.authenticate(given) is (good and given != b"")
    assert compared == [(32, 32)] * 4  # digests of one length, every one of them
