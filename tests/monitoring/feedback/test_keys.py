"""Keys that sign feedback tokens: read from a file of bounded size, never shown."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.feedback.keys import (
    MAX_BYTES,
    MIN_KEY_BYTES,
    FeedbackKeys,
    KeyFileError,
    KeyRing,
    small_file,
)

SECRETS = st.binary(min_size=MIN_KEY_BYTES, max_size=40)


@pytest.mark.slow
@given(st.dictionaries(st.integers(1, 255), SECRETS, min_size=1, max_size=4), st.booleans())
def test_the_first_key_signs_and_all_verify_in_either_writing(keys, as_hex):
    lines = ["# keys", ""]
    for number, secret in keys.items():
        text = f"hex:{secret.hex()}" if as_hex else base64.b64encode(secret).decode()
        lines.append(f" {number} : {text} ")
    found = FeedbackKeys.parse("\n".join(lines), "m")
    assert found.first == next(iter(keys))
    assert found.secrets.keys() == keys.keys()
    assert set(found.secrets.values()).isdisjoint(keys.values())


@given(SECRETS)
def test_the_same_secret_makes_other_keys_for_other_models(secret):
    text = f"1:hex:{secret.hex()}"
    one, other = (FeedbackKeys.parse(text, model).secrets[1] for model in ("m", "n"))
    assert one != other
    assert one == FeedbackKeys.parse(text, "m").secrets[1]


def test_base64_of_addresses_and_without_padding_is_read():
    secret = bytes(range(200, 217))
    urlsafe = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    plain = base64.b64encode(secret).decode()
    assert FeedbackKeys.parse(f"1:{urlsafe}", "m") == FeedbackKeys.parse(f"1:{plain}", "m")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected at least one line id:secret, got none"),
        ("# only\n", "expected at least one line"),
        ("secret", "line 1: expected id:secret with an id from 1 to 255"),
        ("0:" + "A" * 32, "id from 1 to 255"),
        ("256:" + "A" * 32, "id from 1 to 255"),
        ("\n1:" + "A" * 32 + "\n1:" + "B" * 32, "line 3: duplicate key id 1"),
        ("1:not base64!", "line 1: the secret is neither base64 nor hex"),
        ("1:hex:0g", "line 1: the secret is neither base64 nor hex"),
        ("1:c2hvcnQ=", "line 1: expected a secret of at least 16 bytes, got 5"),
    ],
)
def test_a_line_that_is_no_key_is_reported_by_its_number_and_not_shown(text, message):
    with pytest.raises(KeyFileError, match=message) as caught:
        FeedbackKeys.parse(text, "m")
    assert "not base64!" not in str(caught.value)


LINE = "1:" + "A" * 32


def test_a_ring_reads_its_file_again_when_it_changes(tmp_path: Path):
    path = tmp_path / "keys"
    path.write_text(LINE)
    ring = KeyRing(path, "m")
    assert not ring.refresh()
    path.write_text(f"2:{'B' * 32}\n{LINE}\n")
    assert ring.refresh()
    assert (ring.keys.first, set(ring.keys.secrets)) == (2, {1, 2})


def test_a_broken_file_is_reported_once_and_the_keys_stay(tmp_path: Path):
    path = tmp_path / "keys"
    path.write_text(LINE)
    ring = KeyRing(path, "m")
    path.write_text("no key at all")
    with pytest.raises(KeyFileError, match=r"keys: line 1: expected id:secret"):
        ring.refresh()
    assert not ring.refresh()
    assert ring.keys.first == 1


def test_a_file_that_is_gone_is_reported(tmp_path: Path):
    with pytest.raises(KeyFileError, match="No such file"):
        KeyRing(tmp_path / "gone", "m")


def test_only_a_small_file_is_read_and_no_pipe_is_waited_for(tmp_path: Path):
    (tmp_path / "large").write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(OSError, match="expected at most"):
        small_file(tmp_path / "large")
    (tmp_path / "whole").write_bytes(b"x" * MAX_BYTES)
    assert len(small_file(tmp_path / "whole")) == MAX_BYTES
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="got a pipe, folder or device"):
        small_file(tmp_path / "pipe")
    with pytest.raises(OSError, match="folder"):
        small_file(tmp_path)
