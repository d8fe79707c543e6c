from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_forges import TOKEN, ForgeState, fake_forge

from packager.errors import PackageError
from packager.tracker.forges.forge import Draft
from packager.tracker.forges.gitlab import GitLab

DRAFT = Draft("title", "body", ("model-packager", "P1"))


@pytest.fixture
def forge() -> Iterator[tuple[GitLab, ForgeState]]:
    with fake_forge("gitlab") as (url, state):
        yield GitLab(url, "team/models", TOKEN), state


def test_what_is_written_is_read_back(forge: tuple[GitLab, ForgeState]) -> None:
    made, state = forge
    assert made.name == "gitlab:team/models"
    one = made.create(DRAFT)
    assert (one.number, one.open, one.title, one.body) == ("1", True, "title", "body")
    made.update("1", Draft("other", "text", ("model-packager", "P2")))
    made.close("1")
    found = made.get("1")
    assert found is not None
    assert (found.open, found.title, found.body) == (False, "other", "text")
    made.reopen("1")
    assert [one.open for one in made.all()] == [True]
    assert state.issues[1]["labels"] == ["model-packager", "P2"]
    assert made.get("2") is None


def test_comments_of_every_page_have_their_authors(forge: tuple[GitLab, ForgeState]) -> None:
    made, state = forge
    made.create(DRAFT)
    for n in range(7):
        state.comment(1, "ben", f"{n}")
    made.comment("1", "ours")
    found = list(made.comments("1"))
    assert [one.text for one in found] == [*map(str, range(7)), "ours"]
    assert {one.author for one in found} == {"ben", "bot"}
    known = made.get("1")
    assert known is not None
    assert known.comments == 8


def test_issues_without_the_label_are_others(forge: tuple[GitLab, ForgeState]) -> None:
    made, state = forge
    state.add("of somebody", "", ["bug"])
    for n in range(7):
        state.add(f"{n}", "", ["model-packager"])
    assert [one.title for one in made.all()] == [*map(str, range(7))]


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


def test_only_a_private_project_is_not_public() -> None:
    with fake_forge("gitlab") as (url, state):
        state.public = True
        assert GitLab(url, "team/models", TOKEN).is_public
        state.public = False
        assert not GitLab(url, "team/models", TOKEN).is_public
