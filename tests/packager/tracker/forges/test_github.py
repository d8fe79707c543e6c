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
