"""Verification on P-256, by published vectors and against ``cryptography``."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.model import p256
from packager.model.p256 import G, N, P256PublicKey

VECTORS = json.loads(Path(__file__).with_name("p256_vectors.json").read_text())["groups"]
KEY = ec.derive_private_key(
    0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1()
)
"""The key of RFC 6979, A.2.5."""
SAMPLE = (
    0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
    0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
)
"""Its signature of ``sample`` by SHA-256."""


def pem(key: ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


OWN = P256PublicKey.from_pem(pem(KEY.public_key()))


@pytest.mark.parametrize("group", VECTORS, ids=[str(n) for n in range(len(VECTORS))])
def test_the_vectors_of_wycheproof(group: dict[str, list[list[str]]]) -> None:
    raw = bytes.fromhex(str(group["key"]))
    key = P256PublicKey(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    for message, signature, valid, called in group["tests"]:
        found = key.verifies(bytes.fromhex(signature), bytes.fromhex(message))
        assert found is bool(valid), called


def test_the_signature_of_rfc_6979() -> None:
    assert OWN.verifies(encode_dss_signature(*SAMPLE), b"sample")
    assert not OWN.verifies(encode_dss_signature(*SAMPLE), b"samples")


def test_the_other_s_of_a_signature_is_valid_too_as_the_standard_has_it() -> None:
    r, s = SAMPLE
    assert OWN.verifies(encode_dss_signature(r, N - s), b"sample")


@pytest.mark.slow
@given(st.binary(max_size=100), st.integers(0, 600), st.integers(0, 255))
@settings(max_examples=25, deadline=None)
def test_signatures_and_changed_ones_are_judged_as_by_cryptography(
    message: bytes, at: int, value: int
) -> None:
    signature = bytearray(KEY.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    assert OWN.verifies(bytes(signature), message)
    before = signature[at % len(signature)]
    signature[at % len(signature)] = value
    assert OWN.verifies(bytes(signature), message) is (value == before)


@pytest.mark.parametrize("a", [0, 1, 2, 3, N - 1, N - 2, N // 2])
@pytest.mark.parametrize("b", [0, 1, 2, N - 1])
@pytest.mark.parametrize("k", [1, 2, N - 1])
def test_sums_where_intermediate_points_are_equal_opposite_or_infinite(
    a: int, b: int, k: int
) -> None:
    point = ec.derive_private_key(k, ec.SECP256R1()).public_key().public_numbers()
    x, y, z = p256._sum(a, G, b, (point.x, point.y))
    expected = (a + b * k) % N
    if not expected:
        assert z == 0
        return
    known = ec.derive_private_key(expected, ec.SECP256R1()).public_key().public_numbers()
    inverse = pow(z, -1, p256.P)
    assert (x * inverse**2 % p256.P, y * inverse**3 % p256.P) == (known.x, known.y)


@pytest.mark.parametrize("numbers", [(0, 0), (0, 1), (1, 0), (N, 1), (1, N), (N + SAMPLE[0], 1)])
def test_numbers_outside_the_group_are_refused(numbers: tuple[int, int]) -> None:
    assert not OWN.verifies(encode_dss_signature(*numbers), b"sample")


def test_only_the_der_encoding_counts() -> None:
    good = encode_dss_signature(*SAMPLE)
    assert decode_dss_signature(good) == SAMPLE
    for other in (good + b"\0", good[:-1], b"", b"\x30", b"\x30\x81" + good[1:], good[2:]):
        assert not OWN.verifies(other, b"sample")


def test_keys_of_other_kinds_are_refused() -> None:
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    with pytest.raises(ValueError, match="expected an uncompressed key on P-256, got another"):
        P256PublicKey.from_pem(pem(other))
    with pytest.raises(ValueError, match="expected one PEM block"):
        P256PublicKey.from_pem("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n")
    off = base64.b64encode(p256.SPKI + b"\1" * 64).decode()
    with pytest.raises(ValueError, match="expected a point of P-256"):
        P256PublicKey.from_pem(f"{p256.PEM_BEGIN}\n{off}\n{p256.PEM_END}\n")
