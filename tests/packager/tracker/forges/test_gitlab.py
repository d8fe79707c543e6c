from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_forges import TOKEN, ForgeState, fake_forge

from packager.errors import PackageError
from packager.tracker.forges.forge import Draft
from packager.tracker.forges.gitlab import GitLab


@pytest.fixture
def forge() -> Iterator[tuple[GitLab, ForgeState]]:
    with fake_forge("gitlab") as (url, state):
        yield GitLab(url, "team/models", TOKEN), state


def test_a_label_can_not_become_two_and_a_title_is_cut(forge: tuple[GitLab, ForgeState]) -> None:
    made, state = forge
    made.create(Draft("t" * 300, "body", ("model-packager", "a,b")))
    assert state.issues[1]["labels"] == ["model-packager", "a b"]
    assert state.issues[1]["title"] == "t" * 255


def test_notes_of_the_system_are_left_out(
    forge: tuple[GitLab, ForgeState], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = forge
    notes = [
        {"id": 1, "system": True, "author": {"username": "ben"}, "body": "closed"},
        {"id": 2, "system": False, "author": None, "body": None},
    ]
    monkeypatch.setattr(made._client, "pages", lambda *_, **__: iter(notes))
    assert [(one.id, one.author, one.text) for one in made.comments("1")] == [("2", "", "")]


@pytest.mark.parametrize("name", ["team/other", "../admin", "team/models/../x"])
def test_a_name_is_one_part_of_the_path(name: str) -> None:
    with fake_forge("gitlab") as (url, state):
        with pytest.raises(PackageError, match="no such project"):
            GitLab(url, name, TOKEN)
        assert [path.count("/") for _, path in state.requests] == [2]
