"""XXH3, 64 bit, seed 0, of many byte strings that lie one after the other in a buffer, in numpy.

The specification is https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. A call of
the xxhash library costs more than it takes to hash a short text, so up to 32 bytes whole
columns are hashed at once here; longer ones go to the library, one by one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

_BLOCK = 1 << 13  # values: the buffers of a block stay in the cache
_LONGEST = 32

_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
)
_P64 = tuple(
    np.uint64(prime) for prime in (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
)
_MX1, _MX2 = np.uint64(0x165667919E3779F9), np.uint64(0x9FB21C651E98DF25)
_LOW = np.uint64(0xFFFFFFFF)
_EMPTY = np.uint64(0x2D06800538D394C2)


def xxh3_of_parts(data: Bytes, offsets: Places) -> Bits:
    """Hash of every ``data[offsets[i]:offsets[i + 1]]``: shape (len(offsets) - 1,)."""
    hashes = np.empty(len(offsets) - 1, np.uint64)
    # A word is read from any byte, so 8 more bytes have to be there.
    base = int(offsets[0])
    padded = np.zeros(int(offsets[-1]) - base + 8, np.uint8)
    padded[:-8] = data[base : offsets[-1]]
    words: Bits = np.ndarray(len(padded) - 7, "<u8", padded, strides=(1,))
    for start in range(0, len(hashes), _BLOCK):
        stop = min(start + _BLOCK, len(hashes))
        places = offsets[start : stop + 1] - base
        _block(padded, words, places[:-1], np.diff(places), hashes[start:stop])
    return hashes


def _block(data: Bytes, words: Bits, starts: Places, lengths: Places, out: Bits) -> None:
    longest, shortest = int(lengths.max()), int(lengths.min())
    for low, high, hashed in _WAYS:
        if longest < low or shortest > high:
            continue
        if low <= shortest and longest <= high:
            out[:] = hashed(words, starts, lengths)
            return
        chosen = np.flatnonzero((lengths >= low) & (lengths <= high))
        if len(chosen):
            out[chosen] = hashed(words, starts[chosen], lengths[chosen])
    if longest > _LONGEST:
        from xxhash import xxh3_64_intdigest

        raw = data[starts[0] : starts[-1] + lengths[-1]].tobytes()
        chosen = np.flatnonzero(lengths > _LONGEST)
        begins = starts[chosen] - starts[0]
        ends = begins + lengths[chosen]
        parts = zip(begins.tolist(), ends.tolist(), strict=True)
        out[chosen] = [xxh3_64_intdigest(raw[begin:end]) for begin, end in parts]


def _secret(place: int) -> np.uint64:
    return np.uint64(int.from_bytes(_SECRET[place : place + 8], "little"))


def _secret32(place: int) -> np.uint64:
    return np.uint64(int.from_bytes(_SECRET[place : place + 4], "little"))


def _none(_words: Bits, starts: Places, _lengths: Places) -> Bits:
    return np.full(len(starts), _EMPTY)


def _up_to_3(words: Bits, starts: Places, lengths: Places) -> Bits:
    word, count = words[starts], lengths.astype(np.uint64)
    byte = np.uint64(0xFF)
    first = word & byte
    middle = (word >> ((count >> np.uint64(1)) << np.uint64(3))) & byte
    last = (word >> ((count - np.uint64(1)) << np.uint64(3))) & byte
    bits = (
        (first << np.uint64(16)) | (middle << np.uint64(24)) | last | (count << np.uint64(8))
    ) ^ (_secret32(0) ^ _secret32(4))
    bits = (bits ^ (bits >> np.uint64(33))) * _P64[1]
    bits = (bits ^ (bits >> np.uint64(29))) * _P64[2]
    return np.asarray(bits ^ (bits >> np.uint64(32)))


def _up_to_8(words: Bits, starts: Places, lengths: Places) -> Bits:
    count = lengths.astype(np.uint64)
    first, last = words[starts] & _LOW, words[starts + lengths - 4] & _LOW
    bits = (last + (first << np.uint64(32))) ^ (_secret(8) ^ _secret(16))
    bits ^= _turned(bits, 49) ^ _turned(bits, 24)
    bits *= _MX2
    bits ^= (bits >> np.uint64(35)) + count
    bits *= _MX2
    return np.asarray(bits ^ (bits >> np.uint64(28)))


def _up_to_16(words: Bits, starts: Places, lengths: Places) -> Bits:
    low = words[starts] ^ (_secret(24) ^ _secret(32))
    high = words[starts + lengths - 8] ^ (_secret(40) ^ _secret(48))
    bits = lengths.astype(np.uint64) + low.byteswap() + high + _folded(low, high)
    return _avalanche(bits)


def _up_to_32(words: Bits, starts: Places, lengths: Places) -> Bits:
    bits = lengths.astype(np.uint64) * _P64[0]
    for places, where in ((starts, 0), (starts + lengths - 16, 16)):
        bits += _folded(words[places] ^ _secret(where), words[places + 8] ^ _secret(where + 8))
    return _avalanche(bits)


def _turned(bits: Bits, by: int) -> Bits:
    return (bits << np.uint64(by)) | (bits >> np.uint64(64 - by))


def _avalanche(bits: Bits) -> Bits:
    bits ^= bits >> np.uint64(37)
    bits *= _MX1
    return np.asarray(bits ^ (bits >> np.uint64(32)))


def _folded(a: Bits, b: Bits) -> Bits:
    """The 128-bit product of a and b, its halves combined by exclusive or."""
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
    (17, _LONGEST, _up_to_32),
)
