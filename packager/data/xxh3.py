"""XXH3, 64 bit, seed 0, of many consecutive byte strings in a buffer, in numpy.

The specification is https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. A call of the
xxhash library takes 70 to 150 ns, longer than hashing a text of up to 128 bytes within a block;
longer texts are passed to the library, one by one (benchmarks/README.md has the figures).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

_BLOCK = 1 << 13  # values: the buffers of a block fit into the cache
_LONGEST = 128
_WORD = 8

_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
)
_P64 = tuple(
    np.uint64(prime) for prime in (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
)
_MX1, _MX2 = np.uint64(0x165667919E3779F9), np.uint64(0x9FB21C651E98DF25)
_LOW = np.uint64(0xFFFFFFFF)
_EMPTY = np.uint64(0x2D06800538D394C2)


def xxh3_of_parts(data: Bytes, starts: Places, out: Bits, gap: int = 0) -> None:
    """Hash of every ``data[starts[i]:starts[i + 1] - gap]`` into ``out``: (len(starts) - 1,)."""
    for start in range(0, len(out), _BLOCK):
        stop = min(start + _BLOCK, len(out))
        offsets = starts[start : stop + 1]
        lengths = np.diff(offsets)
        lengths -= gap
        if offsets[-1] + _WORD > len(data):  # a word may be read from any byte
            near = data[offsets[0] : offsets[-1]]
            near = np.concatenate([near, np.zeros(_WORD + gap, np.uint8)])
            _block(near, offsets[:-1] - offsets[0], lengths, out[start:stop])
        else:
            _block(data, offsets[:-1], lengths, out[start:stop])


def _block(data: Bytes, starts: Places, lengths: Places, out: Bits) -> None:
    longest, shortest = int(lengths.max()), int(lengths.min())
    for low, high, hashed in _WAYS:
        if longest < low or shortest > high:
            continue
        if low <= shortest and longest <= high:
            out[:] = hashed(data, starts, lengths)
            return
        indices = np.flatnonzero((lengths >= low) & (lengths <= high))
        if len(indices):
            out[indices] = hashed(data, starts[indices], lengths[indices])


def _words(data: Bytes, starts: Places, count: int = 1) -> Bits:
    """The little-endian words at each start: shape (rows,), or (rows, count) if count > 1."""
    size = count * _WORD
    windows = np.ndarray(len(data) - size + 1, f"V{size}", data, strides=(1,))
    words: Bits = windows[starts].view("<u8")
    return words if count == 1 else words.reshape(-1, count)


def _secret(index: int, size: int = _WORD) -> np.uint64:
    return np.uint64(int.from_bytes(_SECRET[index : index + size], "little"))


def _none(_data: Bytes, starts: Places, _lengths: Places) -> Bits:
    return np.full(len(starts), _EMPTY)


def _up_to_3(data: Bytes, starts: Places, lengths: Places) -> Bits:
    word, count = _words(data, starts), lengths.view(np.uint64)
    byte = np.uint64(0xFF)
    bits = word >> ((count - np.uint64(1)) << np.uint64(3))  # the last byte
    bits &= byte
    middle = word >> ((count >> np.uint64(1)) << np.uint64(3))
    middle &= byte
    middle <<= np.uint64(24)
    bits |= middle
    word &= byte
    word <<= np.uint64(16)
    bits |= word
    bits |= count << np.uint64(8)
    bits ^= _secret(0, 4) ^ _secret(4, 4)
    bits ^= bits >> np.uint64(33)
    bits *= _P64[1]
    bits ^= bits >> np.uint64(29)
    bits *= _P64[2]
    bits ^= bits >> np.uint64(32)
    return bits


def _up_to_8(data: Bytes, starts: Places, lengths: Places) -> Bits:
    word, count = _words(data, starts), lengths.view(np.uint64)
    bits = word >> ((count - np.uint64(4)) << np.uint64(3))
    bits &= _LOW  # the last four bytes
    word <<= np.uint64(32)  # the first four
    bits += word
    bits ^= _secret(8) ^ _secret(16)
    bits ^= _turned(bits, 49) ^ _turned(bits, 24)
    bits *= _MX2
    bits ^= (bits >> np.uint64(35)) + count
    bits *= _MX2
    bits ^= bits >> np.uint64(28)
    return bits


def _up_to_16(data: Bytes, starts: Places, lengths: Places) -> Bits:
    low = _words(data, starts)
    low ^= _secret(24) ^ _secret(32)
    high = _words(data, starts + lengths - _WORD)
    high ^= _secret(40) ^ _secret(48)
    bits = _folded(low, high)
    bits += lengths.view(np.uint64)
    bits += low.byteswap()
    bits += high
    return _avalanche(bits)


def _longer(pairs: int) -> Callable[[Bytes, Places, Places], Bits]:
    """Hash for texts of up to ``pairs`` times 32 bytes: that many pairs of words from each end."""

    def hashed(data: Bytes, starts: Places, lengths: Places) -> Bits:
        bits = lengths.view(np.uint64) * _P64[0]
        heads = _words(data, starts, 2 * pairs)
        tails = _words(data, starts + lengths - 2 * pairs * _WORD, 2 * pairs)
        for i in range(pairs):
            for words, pair, offset in ((heads, i, 0), (tails, pairs - 1 - i, 16)):
                low, high = words[:, 2 * pair], words[:, 2 * pair + 1]
                offset += 32 * i
                bits += _folded(low ^ _secret(offset), high ^ _secret(offset + _WORD))
        return _avalanche(bits)

    return hashed


def _library(data: Bytes, starts: Places, lengths: Places) -> Bits:
    from xxhash import xxh3_64_intdigest

    raw = data[starts[0] : starts[-1] + lengths[-1]].tobytes()
    begins = starts - starts[0]
    parts = zip(begins.tolist(), (begins + lengths).tolist(), strict=True)
    hashes = (xxh3_64_intdigest(raw[begin:end]) for begin, end in parts)
    return np.fromiter(hashes, np.uint64, len(starts))


def _turned(bits: Bits, by: int) -> Bits:
    turned = bits << np.uint64(by)
    turned |= bits >> np.uint64(64 - by)
    return turned


def _avalanche(bits: Bits) -> Bits:
    bits ^= bits >> np.uint64(37)
    bits *= _MX1
    bits ^= bits >> np.uint64(32)
    return bits


def _folded(a: Bits, b: Bits) -> Bits:
    """The 128-bit product of a and b, with its halves combined by XOR."""
    half = np.uint64(32)
    a_low, a_high, b_low, b_high = a & _LOW, a >> half, b & _LOW, b >> half
    carry = a_low * b_low
    carry >>= half
    b_low *= a_high
    b_low += carry
    a_low *= b_high
    a_low += b_low & _LOW
    a_high *= b_high
    b_low >>= half
    a_high += b_low
    a_low >>= half
    a_high += a_low
    a_high ^= a * b
    return a_high


_WAYS = (
    (0, 0, _none),
    (1, 3, _up_to_3),
    (4, 8, _up_to_8),
    (9, 16, _up_to_16),
    *((32 * pairs - 31 if pairs > 1 else 17, 32 * pairs, _longer(pairs)) for pairs in range(1, 5)),
    (_LONGEST + 1, np.inf, _library),
)
