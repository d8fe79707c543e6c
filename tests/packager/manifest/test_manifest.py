from __future__ import annotations

from pathlib import Path

import host_samples
import pytest
from pydantic import ValidationError

from packager.digest import sha256_bytes, sha256_file
from packager.errors import PackageError
from packager.manifest.base import FileEntry
from packager.manifest.data_roles import Split
from packager.manifest.manifest import Base, Column, Lock, Manifest, Schema, Wheel

MANIFEST = host_samples.MANIFEST.model_copy(
    update={
        "schema_": Schema(
            features=(Column(name="größe", kind="number", dtype="float64", nullable=True),)
        ),
        "model": (FileEntry(path="model", sha256="1" * 64, size=3),),
    }
)


def test_a_manifest_reads_back_from_its_canonical_bytes(tmp_path: Path):
    (tmp_path / "manifest.json").write_bytes(MANIFEST.dump())
    again = Manifest.load(tmp_path / "manifest.json")
    assert again == MANIFEST
    assert again.dump() == MANIFEST.dump()


def test_the_root_is_the_digest_of_the_bytes_and_the_tag_its_first_twelve_digits():
    assert MANIFEST.root == sha256_bytes(MANIFEST.dump())
    assert MANIFEST.tag == f"1.0.0-{MANIFEST.root[:12]}"


@pytest.mark.parametrize("change", [{"version": "1.0.1"}, {"runtime": "2" * 64}, {"model": ()}])
def test_whatever_changes_changes_the_root(change):
    assert MANIFEST.model_copy(update=change).root != MANIFEST.root


def test_the_bytes_hold_no_clock_or_host():
    names = set(Manifest.model_fields)
    assert not names & {"created", "time", "date", "host", "user", "git", "commit"}


def test_a_noun_can_not_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        MANIFEST.name = "other"


def test_an_unknown_field_is_refused(tmp_path: Path):
    text = MANIFEST.dump().replace(b'"name":"shop"', b'"name":"shop","nom":"magasin"')
    (tmp_path / "manifest.json").write_bytes(text)
    with pytest.raises(PackageError) as caught:
        Manifest.load(tmp_path / "manifest.json")
    assert caught.value.message.startswith(f"{tmp_path}/manifest.json: expected Manifest, got ")
    assert "nom" in caught.value.message
    assert "damaged or was made by another version" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "lock.json").write_bytes(content)
    with pytest.raises(PackageError, match=r"lock\.json: expected Lock, got"):
        Lock.load(tmp_path / "lock.json")


def test_an_absent_file_is_refused(tmp_path: Path):
    with pytest.raises(PackageError, match=r"expected Lock, got .*No such file"):
        Lock.load(tmp_path / "lock.json")


def test_a_manifest_of_a_later_schema_is_refused(tmp_path: Path):
    text = MANIFEST.dump().replace(b'"schema_version":2', b'"schema_version":3')
    (tmp_path / "manifest.json").write_bytes(text)
    with pytest.raises(PackageError, match="schema_version"):
        Manifest.load(tmp_path / "manifest.json")


def test_a_file_entry_tells_name_digest_and_size(tmp_path: Path):
    (tmp_path / "f").write_bytes(b"abc")
    entry = FileEntry.of(tmp_path / "f", "models/model")
    assert entry.path == "models/model"
    assert (entry.sha256, entry.size) == (sha256_file(tmp_path / "f"), 3)


def test_a_lock_with_a_base_reads_back(tmp_path: Path):
    wheel = Wheel(
        name="a", version="1", filename="a-1-py3-none-any.whl", sha256="0", groups=("model",)
    )
    base = Base(reference="python:3.11", diff_ids=("sha256:1",), env=("PATH=/bin",))
    lock = Lock(python="3.11", platform="linux/amd64", base=base, wheels=(wheel,))
    (tmp_path / "lock.json").write_bytes(lock.dump())
    assert Lock.load(tmp_path / "lock.json") == lock


def test_from_is_written_under_the_name_people_know():
    split = Split.model_validate({"time": "date", "from": "2025-01-01"})
    assert split.start == "2025-01-01"
    assert b'"from":"2025-01-01"' in split.dump()
