"""The filters of PNG (ISO/IEC 15948, 9.2), undone line by line or along diagonals of many lines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_LEFT, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4
_BYTE_SECONDS, _DIAGONAL_SECONDS = 0.6e-6, 25e-6
"""Cost of undoing one byte of a line alone, and one diagonal of lines."""


def unfiltered(lines: Bytes, step: int) -> Bytes:
    """The lines without their filter bytes; ``step``: bytes from a sample to the one before it.

    Raises ``ValueError`` for an unknown filter.
    """
    kinds, coded = lines[:, 0], lines[:, 1:]
    if len(kinds) and kinds.max() > _PAETH:
        raise ValueError(f"expected filters from 0 to 4, got {kinds.max()}")
    rows, width = len(coded), -(-coded.shape[1] // step)
    alone = int((kinds >= _AVERAGE).sum()) * coded.shape[1] * _BYTE_SECONDS
    if alone > (rows + width) * _DIAGONAL_SECONDS:
        return _by_diagonals(kinds, coded, step)
    return _by_lines(kinds, coded, step)


def _by_lines(kinds: Bytes, coded: Bytes, step: int) -> Bytes:
    decoded = np.zeros_like(coded)
    above = np.zeros(coded.shape[1], np.uint8)
    for at, (kind, line) in enumerate(zip(kinds.tolist(), coded, strict=True)):
        if kind == 0:
            above = line
        elif kind == _LEFT:
            above = _summed(line, step)
        elif kind == _UP:
            above = line + above
        else:
            above = _one_by_one(line.tobytes(), above.tobytes(), step, kind)
        decoded[at] = above
    return decoded


def _by_diagonals(kinds: Bytes, coded: Bytes, step: int) -> Bytes:
    """All lines at once, along diagonals: a sample needs those to its left and above it alone.

    Diagonal ``t`` holds sample ``t - row`` of each row; row 0 is the one above the first.
    """
    rows, width = len(coded), -(-coded.shape[1] // step)
    samples = np.zeros((rows, width * step), np.uint8)
    samples[:, : coded.shape[1]] = coded
    samples = samples.reshape(rows, width, step)
    order = np.arange(rows)
    skewed = np.zeros((rows + width, rows, step), np.int16)
    skewed[order[:, np.newaxis] + np.arange(width), order[:, np.newaxis]] = samples
    diagonals = np.zeros((rows + width + 2, rows + 1, step), np.int16)
    is_left, is_up, is_mean, is_paeth = (
        (kinds == kind)[:, np.newaxis] for kind in (_LEFT, _UP, _AVERAGE, _PAETH)
    )
    for at in range(rows + width - 1):
        left, up, corner = diagonals[at + 1, 1:], diagonals[at + 1, :-1], diagonals[at, :-1]
        by_left, by_up = np.abs(up - corner), np.abs(left - corner)
        by_corner = np.abs(left + up - 2 * corner)
        nearest = np.where(by_up <= by_corner, up, corner)
        nearest = np.where((by_left <= by_up) & (by_left <= by_corner), left, nearest)
        guess = np.where(is_paeth, nearest, 0)
        guess = np.where(is_left, left, guess)
        guess = np.where(is_up, up, guess)
        guess = np.where(is_mean, (left + up) >> 1, guess)
        first, behind = max(0, at - width + 1), min(rows, at + 1)
        some = slice(first, behind)
        diagonals[at + 2, first + 1 : behind + 1] = (skewed[at, some] + guess[some]) & 255
    own = diagonals[order[:, np.newaxis] + np.arange(width) + 2, order[:, np.newaxis] + 1]
    return own.reshape(rows, width * step)[:, : coded.shape[1]].astype(np.uint8)


def _summed(coded: Bytes, step: int) -> Bytes:
    width = -(-len(coded) // step)
    padded = np.zeros(width * step, np.uint8)
    padded[: len(coded)] = coded
    sums = np.cumsum(padded.reshape(width, step), axis=0, dtype=np.uint8)
    return sums.ravel()[: len(coded)]


def _one_by_one(coded: bytes, above: bytes, step: int, kind: int) -> Bytes:
    """The filters Average and Paeth, where each byte needs the one before it."""
    decoded = bytearray(len(coded))
    restored = _averaged if kind == _AVERAGE else _paeth
    for channel in range(step):
        decoded[channel::step] = restored(coded[channel::step], above[channel::step])
    return np.frombuffer(bytes(decoded), np.uint8)


def _averaged(coded: bytes, above: bytes) -> bytearray:
    decoded, left = bytearray(), 0
    for byte, up in zip(coded, above, strict=True):
        left = (byte + (left + up) // 2) & 255
        decoded.append(left)
    return decoded


def _paeth(coded: bytes, above: bytes) -> bytearray:
    decoded, left, corner = bytearray(), 0, 0
    for byte, up in zip(coded, above, strict=True):
        by_left, by_up = up - corner, left - corner
        by_corner = abs(by_left + by_up)
        by_left, by_up = abs(by_left), abs(by_up)
        if by_left > by_up or by_left > by_corner:
            left = up if by_up <= by_corner else corner
        left = (byte + left) & 255
        corner = up
        decoded.append(left)
    return decoded
