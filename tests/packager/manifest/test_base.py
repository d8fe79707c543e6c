"""Records are immutable, forbid unknown fields, and are written as canonical JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from packager.errors import PackageError
from packager.manifest.base import FileEntry, FrozenModel


class Record(FrozenModel):
    """A record of a few kinds of values."""

    name: str = ""
    number: float = 0.0
    some: dict[str, int] = {}
    entry: FileEntry | None = None


RECORDS = st.builds(
    Record,
    name=st.text(st.characters(exclude_categories=["Cs"])),
    number=st.floats(allow_nan=False, allow_infinity=False),
    some=st.dictionaries(st.text(max_size=3), st.integers(-(2**60), 2**60)),
)


@given(RECORDS)
def test_what_is_dumped_is_loaded_and_dumps_to_the_same_bytes(tmp_path_factory, record):
    path = tmp_path_factory.mktemp("record") / "r.json"
    path.write_bytes(record.dump())
    assert Record.load(path) == record
    assert Record.load(path).dump() == record.dump()


@given(st.dictionaries(st.text(max_size=2), st.integers(0, 9)), st.randoms())
def test_the_order_of_keys_does_not_change_the_bytes(table, random):
    pairs = list(table.items())
    random.shuffle(pairs)
    assert Record(some=dict(pairs)).dump() == Record(some=table).dump()


def test_a_byte_order_mark_is_passed_over(tmp_path: Path):
    (tmp_path / "r.json").write_bytes(b"\xef\xbb\xbf" + Record(name="x").dump())
    assert Record.load(tmp_path / "r.json").name == "x"


@pytest.mark.parametrize("text", [b"", b"{", b'{"nom": "x"}', b'{"number": "much"}', b"\xff"])
def test_anything_else_is_refused_by_file_and_record(tmp_path: Path, text: bytes):
    (tmp_path / "r.json").write_bytes(text)
    with pytest.raises(PackageError, match=r"r\.json: expected Record, got") as caught:
        Record.load(tmp_path / "r.json")
    assert (
        caught.value.hint == "the package is damaged or was made by another version of this program"
    )


def test_a_record_can_not_be_changed_and_has_no_other_fields():
    with pytest.raises(ValidationError, match="frozen"):
        Record().name = "y"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Record.model_validate({"nom": "x"})


def test_a_file_is_named_by_its_content_and_not_by_its_place(tmp_path: Path):
    for name in ("one", "other"):
        (tmp_path / name).write_bytes(b"abc")
    assert FileEntry.of(tmp_path / "one", "f") == FileEntry.of(tmp_path / "other", "f")
    with pytest.raises(ValidationError):
        FileEntry(path="f", sha256="0", size=-1)
    assert json.loads(FileEntry.of(tmp_path / "one", "f").dump())["size"] == 3
