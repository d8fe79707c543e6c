from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.digest import CHUNK, canonical_json, sha256_bytes, sha256_file, tree_digest

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
finite = scalars.filter(lambda v: not (isinstance(v, float) and math.isinf(v)))
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    finite.filter(lambda v: not isinstance(v, str)) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def test_bytes_have_the_sha256_everyone_computes():
    assert sha256_bytes(b"abc") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_a_file_has_the_digest_of_its_bytes_however_long(tmp_path: Path, size: int):
    content = b"\x00\x01\x02" * (size // 3 + 1)
    (tmp_path / "f").write_bytes(content[:size])
    assert sha256_file(tmp_path / "f") == sha256_bytes(content[:size])


def test_canonical_json_is_sorted_dense_and_utf8():
    assert canonical_json({"b": [1, 2.5], "a": "größe"}) == '{"a":"größe","b":[1,2.5]}'.encode()


@pytest.mark.slow
@given(values)
def test_canonical_json_reads_back_as_what_it_was(value):
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(texts, finite.filter(lambda v: not isinstance(v, str)), max_size=5))
def test_the_order_of_keys_does_not_show(value):
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_does_not_know_is_refused(value: float):
    with pytest.raises(ValueError, match="JSON"):
        canonical_json([value])


@given(st.lists(st.tuples(texts, texts), max_size=6), st.randoms())
def test_a_tree_digest_does_not_depend_on_the_order_of_files(entries, random):
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert tree_digest(shuffled) == tree_digest(iter(entries))


def test_a_tree_digest_depends_on_names_and_content():
    one = tree_digest([("a", "1"), ("b", "2")])
    assert one != tree_digest([("a", "2"), ("b", "1")])
    assert one != tree_digest([("a", "1")])
    assert tree_digest([("a", "b1")]) != tree_digest([("ab", "1")])
