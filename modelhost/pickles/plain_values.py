"""The opcodes of texts, numbers and the memo, which are most of a large pickle, without calls."""

from __future__ import annotations

from typing import Any

from modelhost.pickles.source import PickleStream, UnreadableError

LONGEST = 300
"""More bytes than any of these opcodes has, apart from long texts."""
_EVER = 1 << 62


def plain_values(source: PickleStream, stack: Any, memo: Any, frame_end: int) -> int:
    """Follow such opcodes up to one of another kind; return how many there were.

    ``frame_end``: where the frame ends that these may be in.
    """
    buffer, offset, before = source.buffer, source.position, source.before
    inside = frame_end - before if before + offset < frame_end else _EVER
    stop, size, append, count = min(len(buffer) - LONGEST, inside), len(buffer), stack.append, 0
    while offset < stop:
        key = buffer[offset]
        if key == 0x94:  # MEMOIZE
            memo[len(memo)] = stack[-1]
            offset += 1
        elif key == 0x8C:  # SHORT_BINUNICODE
            end = offset + 2 + buffer[offset + 1]
            append(str(buffer[offset + 2 : end], "utf-8", "surrogatepass"))
            offset = end
        elif key == 0x58:  # BINUNICODE
            end = offset + 5 + int.from_bytes(buffer[offset + 1 : offset + 5], "little")
            if end > size:
                break
            append(str(buffer[offset + 5 : end], "utf-8", "surrogatepass"))
            offset = end
        elif key == 0x4B:  # BININT1
            append(buffer[offset + 1])
            offset += 2
        elif key == 0x4D:  # BININT2
            append(int.from_bytes(buffer[offset + 1 : offset + 3], "little"))
            offset += 3
        elif key == 0x4A:  # BININT
            append(int.from_bytes(buffer[offset + 1 : offset + 5], "little", signed=True))
            offset += 5
        elif key == 0x47:  # BINFLOAT, whose value nothing looks at
            append(0.0)
            offset += 9
        elif key == 0x71:  # BINPUT
            memo[buffer[offset + 1]] = stack[-1]
            offset += 2
        elif key == 0x72:  # LONG_BINPUT
            memo[int.from_bytes(buffer[offset + 1 : offset + 5], "little")] = stack[-1]
            offset += 5
        elif key == 0x68:  # BINGET
            append(memo[buffer[offset + 1]])
            offset += 2
        elif key == 0x6A:  # LONG_BINGET
            append(memo[int.from_bytes(buffer[offset + 1 : offset + 5], "little")])
            offset += 5
        else:
            break
        count += 1
    if offset > inside:
        raise UnreadableError(f"crosses the end of a frame at byte {frame_end:,}")
    source.position = offset
    return count
