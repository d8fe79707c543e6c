"""ECDSA on P-256 with SHA-256: verification only, with the standard library (FIPS 186-5, 6.4.2).

An image verifies its own signature without ``cryptography``. Nothing secret is computed, so the
time may depend on the values.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
"""Field, order, coefficient and generator of P-256 (SP 800-186, 3.2.1.3); its other one is -3."""
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""The bytes before X and Y in the SubjectPublicKeyInfo of a P-256 key (RFC 5480)."""
PEM_BEGIN, PEM_END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
Point = tuple[int, int, int]
"""Jacobian coordinates: x = X / Z², y = Y / Z³; Z = 0 for the point at infinity."""
INFINITY: Point = (1, 1, 0)


@dataclass(frozen=True)
class P256PublicKey:
    """A point of the curve, other than infinity."""

    x: int
    y: int

    @classmethod
    def from_pem(cls, text: str) -> P256PublicKey:
        """Parse a PEM file with one uncompressed P-256 key; raises ``ValueError``."""
        begin, _, rest = text.strip().partition("\n")
        body, _, end = rest.rstrip().rpartition("\n")
        if (begin.strip(), end.strip()) != (PEM_BEGIN, PEM_END):
            raise ValueError(f"expected one PEM block, {PEM_BEGIN}")
        content = base64.b64decode("".join(body.split()), validate=True)
        if len(content) != len(SPKI) + 64 or not content.startswith(SPKI):
            raise ValueError("expected an uncompressed key on P-256, got another kind")
        x, y = (int.from_bytes(content[-64:][at : at + 32], "big") for at in (0, 32))
        if x >= P or y >= P or (y * y - (x * x * x - 3 * x + B)) % P:
            raise ValueError("expected a point of P-256, got another one")
        return cls(x, y)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` (DER, as X9.62 writes it) is this key's over ``message``."""
        numbers = _numbers(signature)
        if numbers is None or not all(0 < number < N for number in numbers):
            return False
        r, s = numbers
        digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
        inverse = pow(s, -1, N)
        x, _, z = _sum(digest * inverse % N, G, r * inverse % N, (self.x, self.y))
        return bool(z) and x * pow(z * z, -1, P) % P % N == r


def _numbers(der: bytes) -> tuple[int, int] | None:
    """The two integers of an ECDSA signature; None unless it is exactly its DER encoding."""
    if len(der) < 2 or der[0] != 0x30 or der[1] != len(der) - 2 or der[1] >= 0x80:
        return None
    numbers, at = [], 2
    while at + 2 <= len(der) and der[at] == 0x02:
        size = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2 : at + 2 + size], "big", signed=True))
        at += 2 + size
    encoded = b"".join(_integer(number) for number in numbers)
    return (numbers[0], numbers[1]) if len(numbers) == 2 and der[2:] == encoded else None


def _integer(number: int) -> bytes:
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return bytes((0x02, size)) + number.to_bytes(size, "big", signed=True)


def _sum(a: int, first: tuple[int, int], b: int, second: tuple[int, int]) -> Point:
    """``a`` times ``first`` plus ``b`` times ``second``, bit by bit of both (Shamir's trick)."""
    one, two = (*first, 1), (*second, 1)
    table = (INFINITY, one, two, _add(one, two))
    result = INFINITY
    for bit in reversed(range(256)):
        result = _add(_double(result), table[(a >> bit & 1) | (b >> bit & 1) << 1])
    return result


def _double(point: Point) -> Point:
    """Formula dbl-2001-b for a curve with the coefficient -3 (hyperelliptic.org/EFD)."""
    x, y, z = point
    delta, gamma = z * z % P, y * y % P
    beta, alpha = x * gamma % P, 3 * (x - delta) * (x + delta) % P
    new = (alpha * alpha - 8 * beta) % P
    height = ((y + z) ** 2 - gamma - delta) % P
    return new, (alpha * (4 * beta - new) - 8 * gamma * gamma) % P, height


def _add(one: Point, two: Point) -> Point:
    """Formula add-2007-bl (hyperelliptic.org/EFD), and the cases that it excludes."""
    (x1, y1, z1), (x2, y2, z2) = one, two
    if not z1 or not z2:
        return two if not z1 else one
    square1, square2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * square2 % P, x2 * square1 % P
    s1, s2 = y1 * z2 * square2 % P, y2 * z1 * square1 % P
    h, r = (u2 - u1) % P, (s2 - s1) % P
    if not h:
        return INFINITY if r else _double(one)
    square, cube = h * h % P, h * h * h % P
    v = u1 * square % P
    x = (r * r - cube - 2 * v) % P
    return x, (r * (v - x) - s1 * cube) % P, h * z1 * z2 % P
