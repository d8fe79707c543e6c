"""``package issues sync``: a real service, and forges in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_forges import TOKEN, ForgeState, fake_forge
from issue_commands import as_json, done, refused

from packager.errors import UsageError

pytestmark = pytest.mark.usefixtures("tracker")
NOTHING = {"created": 0, "updated": 0, "closed": 0, "reopened": 0, "comments": 0, "taken": []}


@pytest.fixture(params=["github", "gitlab"])
def forge(request, tmp_path: Path) -> Iterator[tuple[list[str], ForgeState]]:
    """The words of a command, and the forge that it speaks to."""
    token = tmp_path / "forge.token"
    token.write_text(f"{TOKEN}\n")
    with fake_forge(request.param) as (url, state):
        words = ["sync", request.param, "team/models", "--api", url]
        yield [*words, "--forge-token-file", str(token)], state


@pytest.mark.slow
def test_issues_of_a_band_are_mirrored_once_and_in_public_only_on_demand(forge) -> None:
    words, state = forge
    state.public = True
    error = refused(*words)
    assert isinstance(error, UsageError)
    assert error.message == f"{words[1]}:team/models: everybody can read its issues"
    assert error.hint == "use a private repository, or add --public"
    assert state.writes == []
    assert as_json(*words, "--public", "--band", "1")["created"] == 9
    assert len(state.issues) == 9
    state.public = False
    assert as_json(*words, "--band", "1") == NOTHING
    assert done(*words) == ""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_address_and_token_of_the_forge_are_asked_for(kind: str, tmp_path: Path) -> None:
    address = ("--api", "http://127.0.0.1:9")
    error = refused("sync", kind, "team/models")
    assert error.message == "--api: expected the address of the forge's API, got none"
    error = refused("sync", kind, "team/models", *address)
    assert error.message == "--forge-token-file: expected a file with a token, got none"
    none = tmp_path / "none"
    error = refused("sync", kind, "team/models", *address, "--forge-token-file", str(none))
    assert error.message == f"{none}: No such file or directory"
    assert error.hint == "name a file with a token"


@pytest.mark.slow
def test_a_folder_needs_neither(tmp_path: Path) -> None:
    folder = str(tmp_path / "mirror")
    assert as_json("sync", "folder", folder, "--band", "1")["created"] == 9
    assert len(list(Path(folder).glob("*.json"))) == 9
    assert as_json("sync", "folder", folder, "--band", "1") == NOTHING
