"""Parts of frames, and what is refused."""

from __future__ import annotations

import pytest

from serving.http2.frames import (
    MAX_FRAME_BYTES,
    PADDED,
    PRIORITY_FLAG,
    SETTING,
    Code,
    ConnectionFailedError,
    Frame,
    Kind,
    Setting,
    frame,
    frame_at,
    settings_of,
    unpadded,
    word_of,
)


def test_a_frame_is_read_as_it_was_written_once_it_is_whole() -> None:
    made = frame(Kind.DATA, 1, 7, b"x" * 300)
    assert frame_at(made, 0) == Frame(Kind.DATA, 1, 7, b"x" * 300)
    assert frame_at(b"..." + made, 3) == Frame(Kind.DATA, 1, 7, b"x" * 300)
    assert [frame_at(made[:size], 0) for size in range(len(made))] == [None] * len(made)


def test_a_frame_is_refused_by_its_head() -> None:
    with pytest.raises(ConnectionFailedError) as caught:
        frame_at(frame(Kind.DATA, 0, 1, b"x" * (MAX_FRAME_BYTES + 1))[:9], 0)
    assert caught.value.code == Code.FRAME_SIZE_ERROR
    assert caught.value.why == "expected a frame of at most 16384 bytes"


@pytest.mark.parametrize(
    ("kind", "flags", "payload", "expected"),
    [
        (Kind.DATA, 0, b"abc", b"abc"),
        (Kind.DATA, PADDED, b"\x02abc..", b"abc"),
        (Kind.DATA, PADDED, b"\x00", b""),
        (Kind.HEADERS, PRIORITY_FLAG, b"12345abc", b"abc"),
        (Kind.HEADERS, PADDED | PRIORITY_FLAG, b"\x0112345abc.", b"abc"),
    ],
)
def test_padding_and_priority_are_left_out(
    kind: int, flags: int, payload: bytes, expected: bytes
) -> None:
    assert unpadded(Frame(kind, flags, 1, payload)) == expected


@pytest.mark.parametrize(
    ("kind", "flags", "payload"),
    [
        (Kind.DATA, PADDED, b""),
        (Kind.DATA, PADDED, b"\x03ab"),
        (Kind.HEADERS, PRIORITY_FLAG, b"1234"),
    ],
)
def test_more_padding_than_payload_is_refused(kind: int, flags: int, payload: bytes) -> None:
    with pytest.raises(ConnectionFailedError):
        unpadded(Frame(kind, flags, 1, payload))


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        (Setting.INITIAL_WINDOW_SIZE, 1 << 31, Code.FLOW_CONTROL_ERROR),
        (Setting.MAX_FRAME_SIZE, 100, Code.PROTOCOL_ERROR),
        (Setting.ENABLE_PUSH, 2, Code.PROTOCOL_ERROR),
    ],
)
def test_invalid_settings_are_refused(name: Setting, value: int, code: Code) -> None:
    with pytest.raises(ConnectionFailedError) as caught:
        settings_of(SETTING.pack(name, value))
    assert caught.value.code == code


def test_settings_and_words_of_another_length_are_refused() -> None:
    assert settings_of(SETTING.pack(4, 10) + SETTING.pack(99, 1)) == [(4, 10), (99, 1)]
    with pytest.raises(ConnectionFailedError, match="cut off"):
        settings_of(b"12345")
    with pytest.raises(ConnectionFailedError, match="4 bytes"):
        word_of(Frame(Kind.RST_STREAM, 0, 1, b"123"))
