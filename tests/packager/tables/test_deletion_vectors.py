"""Untrusted deletion vectors are checked before they are decompressed."""

import struct

import pytest
from foreign_tables import _z85, delete_rows, edit, log_entry, needs

from packager.errors import PackageError
from packager.tables.checkout import export


def bitmap(high=0, key=0, bitmaps=1):
    inner = struct.pack("<II", 12346, 1) + struct.pack("<HH", key, 0) + struct.pack("<IH", 16, 1)
    return struct.pack("<IQI", 1681511377, bitmaps, high) + inner


def inline(content, size=None):
    text = _z85(content + b"\0" * (-len(content) % 4))
    return {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": size or len(content)}


UUID_LETTERS = "ab^-aqEH.-t@S}K{vb[*k^"[-20:]


ELSEWHERE = [
    {"storageType": "p", "pathOrInlineDv": "/etc/passwd", "sizeInBytes": 10, "offset": 1},
    {"storageType": "p", "pathOrInlineDv": "file:///etc/passwd", "sizeInBytes": 10},
    {"storageType": "p", "pathOrInlineDv": "s3://bucket/x", "sizeInBytes": 10},
    {"storageType": "u", "pathOrInlineDv": "../../" + UUID_LETTERS, "sizeInBytes": 10},
    {"storageType": "u", "pathOrInlineDv": "/etc/" + UUID_LETTERS, "sizeInBytes": 10},
]


BOMBS = [
    inline(bitmap(high=1)),
    inline(bitmap(high=2**31)),
    inline(bitmap(bitmaps=2**60)),
    inline(bitmap(), size=-5),
    inline(bitmap(), size=2**40),
    inline(b"\0" * 40),
    {"storageType": "i", "pathOrInlineDv": "éééé", "sizeInBytes": 4},
    {"storageType": "i", "pathOrInlineDv": 5, "sizeInBytes": 4},
    {"storageType": "z", "pathOrInlineDv": "x", "sizeInBytes": 4},
]


def with_vector(place, vector):
    needs(place, reader=["deletionVectors"])
    edit(place, lambda a: a.get("add", {}).update(deletionVector=vector | {"cardinality": 1}))


@pytest.mark.parametrize("vector", ELSEWHERE)
def test_a_deletion_vector_beyond_the_folder_is_refused(table, tmp_path, vector):
    with_vector(table, vector)
    with pytest.raises(PackageError, match="expected all its files within its folder"):
        export(table, tmp_path / "out.parquet")


@pytest.mark.parametrize("vector", BOMBS)
def test_a_deletion_vector_of_another_form_is_refused_before_it_is_unpacked(
    table, tmp_path, vector
):
    with_vector(table, vector)
    with pytest.raises(PackageError, match="table"):
        export(table, tmp_path / "out.parquet")


def test_a_deletion_vector_larger_than_memory_is_refused(table, tmp_path, monkeypatch):
    monkeypatch.setattr("packager.data.memory_limit.available_bytes", lambda: 10**9)
    with_vector(table, inline(bitmap(key=65535)))
    with pytest.raises(PackageError, match=r"available memory \(1\.0 GB\), got 4,294,967,296 rows"):
        export(table, tmp_path / "out.parquet")


def test_a_name_twice_in_an_entry_with_vectors_is_refused(table, tmp_path):
    needs(table, reader=["deletionVectors"])
    delete_rows(table, [1])
    entry = log_entry(table)
    twice = entry.read_text().replace('"storageType"', '"storageType": "i", "storageType"')
    entry.write_text(twice)
    with pytest.raises(PackageError):
        export(table, tmp_path / "out.parquet")
