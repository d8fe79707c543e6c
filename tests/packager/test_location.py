"""Locations of tables as users write them; an address with a credential is refused unseen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import UsageError
from packager.location import FOLDER, Location

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "uri", "version"),
    [
        ("diamonds", f"/base/{FOLDER}/diamonds", None),
        ("diamonds@3", f"/base/{FOLDER}/diamonds", 3),
        ("delta:diamonds@0", f"/base/{FOLDER}/diamonds", 0),
        ("data/diamonds", "/base/data/diamonds", None),
        ("./diamonds@12", "/base/diamonds", 12),
        ("/abs/t@2", "/abs/t", 2),
        ("s3://bucket/t@7", "s3://bucket/t", 7),
        ("s3://bucket/t/", "s3://bucket/t", None),
        ("s3://user@host/t", "s3://user@host/t", None),
    ],
)
def test_a_table_is_named_by_name_path_or_uri(text, uri, version):
    assert Location.parse(text, Path("/base")) == Location(uri, version)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("diamonds@new", "expected a number after @, got 'new'"),
        ("diamonds@-1", "expected a number after @, got '-1'"),
        ("@3", "expected the name of a table"),
        ("", "expected the name of a table"),
    ],
)
def test_names_that_are_none_are_refused(text, message):
    with pytest.raises(UsageError, match=message):
        Location.parse(text)


@pytest.mark.parametrize(
    "uri", ["s3://key:secret@host/t", "az://container/t?sig=secret", "s3://a:secret@h/t@3"]
)
def test_an_address_with_a_credential_is_refused_without_showing_it(uri):
    with pytest.raises(UsageError) as caught:
        Location.parse(uri)
    assert "secret" not in caught.value.message + caught.value.hint
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.hint


def test_a_bare_name_is_a_table_that_is_here_before_one_of_the_hidden_folder(tmp_path):
    (tmp_path / "diamonds" / "_delta_log").mkdir(parents=True)
    assert Location.parse("diamonds", tmp_path).path == tmp_path / "diamonds"
    assert Location.parse("other", tmp_path).path == tmp_path / FOLDER / "other"


def test_words_name_a_table_only_where_one_lies(tmp_path):
    (tmp_path / FOLDER / "t" / "_delta_log").mkdir(parents=True)
    (tmp_path / "rows.csv").write_text("a\n")
    assert Location.table_at("t@1", tmp_path) == Location(str(tmp_path / FOLDER / "t"), 1)
    for text in ("absent", "rows.csv", "t@new", "some@where"):
        assert Location.table_at(text, tmp_path) is None
    assert Location.table_at("s3://bucket/t", tmp_path) == Location("s3://bucket/t")
    assert Location.table_at("delta:absent", tmp_path) is not None


@given(st.lists(NAMES, min_size=1, max_size=3), st.lists(NAMES, min_size=1, max_size=3))
def test_tables_that_move_together_find_each_other(one, other):
    here, there = Location("/top/" + "/".join(one)), Location("/top/" + "/".join(other))
    relative = here.relative_to(there)
    assert there.beside(relative) == here
    moved = Location("/elsewhere/" + "/".join(other))
    assert moved.beside(relative) == Location(os.path.normpath("/elsewhere/" + "/".join(one)))


def test_a_table_of_an_object_store_is_named_in_full():
    store, local = Location("s3://bucket/t"), Location("/data/t")
    assert store.relative_to(local) == "s3://bucket/t"
    assert local.relative_to(store) == "/data/t"
    assert local.beside("s3://bucket/t") == store
    assert store.beside("/data/t") == local
    assert store.path is None
    assert store.name == "t"


def test_a_version_is_refused_where_a_table_is_meant():
    assert Location("/t").unversioned() == Location("/t")
    with pytest.raises(UsageError, match="expected a table without a version"):
        Location("/t", 3).unversioned()


def test_a_location_is_shown_as_one_would_write_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(Location.parse("diamonds@3")) == "diamonds@3"
    assert str(Location.parse("data/t")) == "data/t"
    assert str(Location.parse("/somewhere/else")) == "/somewhere/else"
    assert str(Location.parse("s3://bucket/t@2")) == "s3://bucket/t@2"
