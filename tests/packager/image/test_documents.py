from __future__ import annotations

import json
from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.image import documents
from packager.image.documents import bounded, document, package_documents, parse_document
from packager.image.layers import Entry, plain_layer
from packager.manifest.manifest import Lock, Manifest


def test_values_are_bounded_whatever_their_kind(monkeypatch):
    monkeypatch.setattr(documents, "MAX_VALUES", 15)
    for shape in (b"[],", b"1,", b"{},", b'"a",'):
        assert bounded(shape * 3) == shape * 3
        with pytest.raises(ValueError, match="expected at most 15 values, got"):
            bounded(shape * 20)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "Expecting property name"),
        (b"[" * 100_000, "recursion depth"),
        (b'{"python": 3}', "python: Input should be a valid string"),
        (b'{"python": "3.11", "\\u001b[2J": 1}', "platform: Field required"),
    ],
)
def test_a_document_that_is_none_is_reported_by_its_first_mistake(content: bytes, said: str):
    with pytest.raises(PackageError) as caught:
        parse_document(Lock, content, "x: lock.json")
    assert caught.value.message.startswith("x: lock.json: expected Lock, got ")
    assert said in caught.value.message
    assert len(caught.value.message) < 400


def test_a_number_of_many_digits_is_refused_and_not_computed():
    content = b'{"params": ' + b"9" * 1_000_000 + b"}"
    with pytest.raises(PackageError, match="expected Manifest, got"):
        parse_document(Manifest, content, "x")


def test_documents_are_read_from_the_topmost_layer_of_the_package(tmp_path: Path):
    layers = [
        plain_layer("package", tmp_path / f"{text}.tar", [Entry("package/lock.json", text)])
        for text in (b"below", b"above")
    ]
    found = package_documents(layers)
    assert found == {"lock.json": b"above"}
    with pytest.raises(PackageError, match=r"manifest\.json: not in the image"):
        document(found, "manifest.json")


def test_files_of_the_package_are_bounded_in_number(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_MEMBERS", 5)
    entries = [Entry(f"package/{number}", b"") for number in range(5)]
    layer = plain_layer("package", tmp_path / "l.tar", entries)
    with pytest.raises(PackageError, match="more than 5 members"):
        package_documents([layer])


def test_a_document_of_many_values_is_refused_before_it_is_parsed():
    many = json.dumps([[]] * 600_000, separators=(",", ":")).encode()
    with pytest.raises(PackageError, match="expected at most 200,000 values"):
        parse_document(Manifest, many, "x")
