"""What every forge does alike, on a fake that speaks its API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_forges import TOKEN, ForgeState, fake_forge

from packager.tracker.forges.forge import Draft, Forge
from packager.tracker.forges.github import GitHub
from packager.tracker.forges.gitlab import GitLab

DRAFT = Draft("title", "body", ("model-packager", "P1"))
FORGES = {"github": GitHub, "gitlab": GitLab}


@pytest.fixture(params=FORGES)
def forge(request: pytest.FixtureRequest) -> Iterator[tuple[Forge, ForgeState]]:
    with fake_forge(request.param) as (url, state):
        yield FORGES[request.param](url, "team/models", TOKEN), state


def test_what_is_written_is_read_back(forge: tuple[Forge, ForgeState]) -> None:
    made, state = forge
    assert made.name.endswith(":team/models")
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


def test_comments_of_every_page_have_their_authors(forge: tuple[Forge, ForgeState]) -> None:
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


def test_issues_without_the_label_are_others(forge: tuple[Forge, ForgeState]) -> None:
    made, state = forge
    state.add("of somebody", "", ["bug"])
    for n in range(7):
        state.add(f"{n}", "", ["model-packager"])
    assert [one.title for one in made.all()] == [*map(str, range(7))]


@pytest.mark.parametrize("kind", FORGES)
def test_only_a_private_place_is_not_public(kind: str) -> None:
    with fake_forge(kind) as (url, state):
        state.public = True
        assert FORGES[kind](url, "team/models", TOKEN).is_public
        state.public = False
        assert not FORGES[kind](url, "team/models", TOKEN).is_public
