"""``issues sync``: issues mirrored in GitHub, GitLab or a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from packager.cli.app import AsJson
from packager.cli.console import ConsoleProgress, print_result
from packager.cli.issues.client import DEFAULT_URL, Service, TokenFile, connected
from packager.cli.issues.group import CHANGE, issues
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.tracker.forges.forge import Forge

Kind = Literal["github", "gitlab", "folder"]


@issues.command(rich_help_panel=CHANGE)
def sync(
    forge: Annotated[Kind, typer.Argument(help="github, gitlab or folder.")],
    location: Annotated[
        str, typer.Argument(metavar="REPOSITORY", help="OWNER/NAME, GROUP/NAME, or a folder.")
    ],
    api: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of the forge's API.")
    ] = None,
    forge_token_file: Annotated[
        Path | None, typer.Option(help="File with a token of the forge.")
    ] = None,
    band: Annotated[int, typer.Option(min=1, max=4, help="Least urgent band to mirror.")] = 2,
    public: Annotated[
        bool, typer.Option("--public", help="Allow a repository that everybody can read.")
    ] = False,
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Mirror issues in a forge, and take what people did there."""
    from dataclasses import asdict

    from packager.tracker.forges.sync import synchronise

    forge_client = _forge(forge, location, api, forge_token_file)
    if forge_client.is_public and not public:
        raise UsageError(
            f"{forge_client.name}: everybody can read its issues",
            "use a private repository, or add --public",
        )
    with connected(url, token_file) as client:
        result = synchronise(client, forge_client, band, ConsoleProgress())
    if as_json:
        print_result(json.dumps(asdict(result)))


def _forge(kind: Kind, location: str, api: str | None, token_file: Path | None) -> Forge:
    from packager.tracker.forges.folder import Folder
    from packager.tracker.forges.github import GitHub
    from packager.tracker.forges.gitlab import GitLab

    if kind == "folder":
        return Folder(Path(location))
    if api is None:
        raise UsageError("--api: expected the address of the forge's API, got none",
                         "it is in the forge's documentation of its REST API")  # fmt: skip
    if token_file is None:
        raise UsageError(
            "--forge-token-file: expected a file with a token, got none",
            "make a token that may read and write issues of this repository only",
        )
    try:
        token = token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(f"{token_file}: {error.strerror}", "name a file with a token") from error
    return GitHub(api, location, token) if kind == "github" else GitLab(api, location, token)
