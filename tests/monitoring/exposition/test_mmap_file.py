"""A counter file is read as prometheus_client writes it; another format is reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.mmap_dict import MmapedDict

from monitoring.exposition.mmap_file import ValueOffsets, entries, read_words

KEYS = st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=8)


def written(path: Path, values: dict[str, float]) -> Path:
    made = MmapedDict(str(path))
    for key, value in values.items():
        made.write_value(key, value, 7.0)
    made.close()
    return path


@pytest.mark.slow
@given(KEYS, st.data())
def test_keys_and_values_are_those_that_were_written(tmp_path_factory, keys, data):
    values = {key: data.draw(st.floats(allow_nan=False)) for key in keys}
    path = written(tmp_path_factory.mktemp("file") / "counter_1.db", values)
    words = read_words(path)
    found = {
        key.decode().rstrip(" "): float(words[place : place + 1].view(np.float64)[0])
        for key, place in entries(path, words)
    }
    assert found == {key.rstrip(" "): value for key, value in values.items()}


def test_a_file_that_was_just_made_holds_nothing(tmp_path: Path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "zeros").write_bytes(bytes(4096))
    assert [len(read_words(tmp_path / name)) for name in ("empty", "zeros")] == [0, 0]


def test_offsets_hold_while_only_values_change(tmp_path: Path):
    path = written(tmp_path / "f", {"a": 1.0, "bb": 2.0})
    words = read_words(path)
    offsets = ValueOffsets.of(words, [place for _, place in entries(path, words)])
    assert offsets.still_in(read_words(written(path, {"a": 9.0, "bb": -1.0})))
    assert not offsets.still_in(read_words(written(path, {"ccc": 1.0})))
    other = written(tmp_path / "g", {"a": 1.0, "xx": 2.0})
    assert not offsets.still_in(read_words(other))


@given(st.binary(max_size=200))
def test_other_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("file") / "f"
    path.write_bytes(content)
    words = read_words(path)
    try:
        found = list(entries(path, words))
    except ValueError as error:
        text = str(error)
    else:
        text = "expected an entry"
        assert all(place + 2 <= len(words) for _, place in found)
    assert "expected an entry" in text


def test_an_entry_beyond_the_end_is_reported_with_its_place(tmp_path: Path):
    words = np.array([24, 99, 0], np.int64)
    with pytest.raises(ValueError, match=r"f: expected an entry within 24 bytes at byte 8"):
        list(entries(tmp_path / "f", words))
