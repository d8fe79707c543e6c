from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.feedback import signing
from monitoring.feedback.signing import SigningUnavailableError, TwoBlockMac

MAC = TwoBlockMac(b"k" * 32)
blocks = st.binary(min_size=16, max_size=16)


def test_a_signature_is_openssl_s_own_cmac() -> None:
    """Made by ``openssl mac -cipher AES-256-CBC -macopt hexkey:… -in MESSAGE CMAC``."""
    message = bytes(range(32))
    signature = MAC.signature(MAC.state(message[:16]), int.from_bytes(message[16:]))
    assert signature.hex() == "7e38e6326f71d0b4d605319ede1cedd2"


def test_a_block_is_encrypted_as_nist_says() -> None:
    """FIPS 197, appendix C.3."""
    mac = TwoBlockMac(bytes(range(32)))
    found = mac.encrypted(bytes.fromhex("00112233445566778899aabbccddeeff"))
    assert found.hex() == "8ea2b7ca516745bfeafc49904b496089"


@pytest.mark.parametrize("byte", range(8))
def test_the_subkey_is_doubled_in_the_field_of_cmac(byte: int) -> None:
    mac = TwoBlockMac(bytes([byte]) * 32)
    zero = int.from_bytes(mac.encrypted(bytes(16)))
    doubled = (zero << 1) % 2**128 ^ (0x87 if zero >> 127 else 0)
    assert mac.state(b"f" * 16) == int.from_bytes(mac.encrypted(b"f" * 16)) ^ doubled


@given(blocks, st.lists(blocks, min_size=1, max_size=40))
def test_signatures_of_many_messages_are_those_of_each(first: bytes, second: list[bytes]) -> None:
    state = MAC.state(first)
    together = np.frombuffer(b"".join(second), np.uint64).reshape(-1, 2)
    found = MAC.signatures(np.frombuffer(state.to_bytes(16), np.uint64), together).tobytes()
    assert found == b"".join(MAC.signature(state, int.from_bytes(each)) for each in second)
    assert together.tobytes() == b"".join(second)


def test_a_key_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a key of 32 bytes, got 16"):
        TwoBlockMac(b"k" * 16)


@pytest.mark.parametrize("where", ["/no/such/library.so", None])
def test_a_python_whose_openssl_can_not_be_called_is_named(
    where: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing._libcrypto.cache_clear()
    linked = SimpleNamespace() if where is None else SimpleNamespace(__file__=where)
    monkeypatch.setattr(signing, "_hashlib", linked)
    with pytest.raises(SigningUnavailableError, match="this Python's OpenSSL can't be called: "):
        TwoBlockMac(b"k" * 32)
    signing._libcrypto.cache_clear()
