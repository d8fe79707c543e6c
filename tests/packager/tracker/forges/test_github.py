from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_forges import TOKEN, ForgeState, fake_forge

from packager.errors import UsageError
from packager.tracker.forges.forge import Draft
from packager.tracker.forges.github import GitHub

DRAFT = Draft("title", "body", ("model-packager", "P1"))


@pytest.fixture
def forge() -> Iterator[tuple[GitHub, ForgeState]]:
    with fake_forge("github") as (url, state):
        yield GitHub(url, "team/models", TOKEN), state


def test_what_is_written_is_read_back(forge: tuple[GitHub, ForgeState]) -> None:
    made, state = forge
    assert made.name == "github:team/models"
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


def test_comments_of_every_page_have_their_authors(forge: tuple[GitHub, ForgeState]) -> None:
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


def test_issues_without_the_label_are_others(forge: tuple[GitHub, ForgeState]) -> None:
    made, state = forge
    state.add("of somebody", "", ["bug"])
    for n in range(7):
        state.add(f"{n}", "", ["model-packager"])
    assert [one.title for one in made.all()] == [*map(str, range(7))]


@pytest.mark.parametrize(
    "name", ["", "models", "team/", "/models", "../admin", "team/models/x", "team/mo dels", "-/a"]
)
def test_a_name_that_would_be_another_path_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="expected OWNER/NAME"):
        GitHub("http://127.0.0.1:9", name, TOKEN)


def test_a_pull_request_is_no_issue(
    forge: tuple[GitHub, ForgeState], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = forge
    made.create(DRAFT)
    [raw] = made._client.pages("/repos/team/models/issues", labels="model-packager")
    pages = [{**raw, "pull_request": {}}, {**raw, "number": 2, "body": None, "closed_by": None}]
    monkeypatch.setattr(made._client, "pages", lambda *_, **__: iter(pages))
    assert [(one.number, one.body) for one in made.all()] == [("2", "")]


def test_only_a_private_repository_is_not_public() -> None:
    with fake_forge("github") as (url, state):
        state.public = True
        assert GitHub(url, "team/models", TOKEN).is_public
        state.public = False
        assert not GitHub(url, "team/models", TOKEN).is_public
