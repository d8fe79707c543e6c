from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import UsageError
from packager.registry.reference import RegistryReference, is_registry_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost/m", RegistryReference("localhost", "m")),
        ("r.example/team/model:1.2", RegistryReference("r.example", "team/model", "1.2")),
        ("r.example:5000/m:a", RegistryReference("r.example:5000", "m", "a")),
        ("[::1]:5000/m:a", RegistryReference("[::1]:5000", "m", "a")),
        (f"r.example/m@{DIGEST}", RegistryReference("r.example", "m", None, DIGEST)),
        (f"r.example/m:1@{DIGEST}", RegistryReference("r.example", "m", None, DIGEST)),
        ("registry:r.example/a_b__c-d.e/f", RegistryReference("r.example", "a_b__c-d.e/f")),
    ],
)
def test_a_reference_has_host_repository_and_tag_or_digest(text: str, expected) -> None:
    assert RegistryReference.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model", "expected a registry's host before the first /, got 'model'"),
        ("team/model", "expected a registry's host before the first /, got 'team'"),
        ("registry:team/model", "expected a registry's host before the first /, got 'team'"),
        ("r.example/", "expected a repository's name, got ''"),
        ("r.example/Team", "expected a repository's name, got 'Team'"),
        ("r.example/a//b", "expected a repository's name, got 'a//b'"),
        ("r.example/../b", "expected a repository's name, got '../b'"),
        ("r.example/m:", "expected a tag, got ''"),
        ("r.example/m:-a", "expected a tag, got '-a'"),
        ("r.example/m:" + "a" * 129, "expected a tag, got"),
        ("r.example/m@sha256:12", "expected sha256: and 64 hex digits, got 'sha256:12'"),
        (f"r.example/m:@{DIGEST}", "expected a tag, got ''"),
        ("https://r.example/m", "expected a registry's host before the first /, got 'https:'"),
        ("user@r.example/m", "expected a registry's host before the first /, got 'user@r.example'"),
    ],
)
def test_a_malformed_reference_is_refused_by_its_part(text: str, expected: str) -> None:
    with pytest.raises(UsageError) as refused:
        RegistryReference.parse(text)
    assert f"{text}: {expected}" in refused.value.message


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    try:
        found = RegistryReference.parse(text)
    except UsageError:
        return
    assert RegistryReference.parse(str(found)) == found


def test_a_reference_moves_to_a_tag_or_a_digest() -> None:
    found = RegistryReference.parse("r.example/m:1")
    assert str(found.at(DIGEST)) == f"r.example/m@{DIGEST}"
    assert str(found.at(DIGEST).at("2")) == "r.example/m:2"
    assert found.at(DIGEST).target == DIGEST


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(text, True) for text in ("r.example/m", "localhost/m", "h:1/m:2", "registry:m")],
        *[(text, False) for text in ("m", "m:1", "team/m:1", "oci:a.b/c", "docker-archive:a.b/c")],
        *[(text, False) for text in ("./a/b", "../a/b", "/a.b/c", "r.example")],
    ],
)
def test_a_reference_with_a_host_is_in_a_registry(text: str, expected: bool) -> None:
    assert is_registry_reference(text) is expected


def test_a_folder_that_exists_is_no_registry(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.b" / "c").mkdir(parents=True)
    assert not is_registry_reference("a.b/c")
    assert is_registry_reference("registry:a.b/c")
