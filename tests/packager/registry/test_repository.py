from __future__ import annotations

import pytest
from docker.auth import INDEX_NAME

from packager.registry.reference import RegistryReference
from packager.registry.repository import open_repository
from packager.registry.transport import RegistryAnswer


def test_a_repository_asks_for_the_permission_it_needs():
    reference = RegistryReference.parse("r.example/team/m:1")
    assert open_repository(reference).scopes == ("repository:team/m:pull",)
    assert open_repository(reference, write=True).scopes == ("repository:team/m:pull,push",)


def test_docker_calls_its_own_images_library():
    one = open_repository(RegistryReference(INDEX_NAME, "python", "3.11"))
    assert one.name == "library/python"
    assert open_repository(RegistryReference(INDEX_NAME, "team/m", "1")).name == "team/m"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "r.example: an anonymous request may not push in m"),
        (403, "r.example: an anonymous request may not push in m"),
        (404, "r.example/m: the registry has none: can't push"),
        (405, "r.example/m: the registry refused to push: 405 read only"),
    ],
)
def test_a_refusal_says_what_was_refused(status: int, expected: str):
    repository = open_repository(RegistryReference("r.example", "m"))
    answer = RegistryAnswer(status, {}, "", b"read only")
    assert repository.refusal("push", answer).message == expected
