"""Options that the commands on issues share, and the client that they use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.reporting import URL_VARIABLE, read_token
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.tracker.client import IssuesClient

DEFAULT_URL = "http://127.0.0.1:3080"
Service = Annotated[
    str,
    typer.Option(
        "--issues", metavar="URL", envvar=URL_VARIABLE, help="Address of the issue tracker."
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="File with a token (MODEL_ISSUES_TOKEN_FILE; a service on this machine)."),
]
Number = Annotated[str, typer.Argument(metavar="ISSUE", help="The number of an issue.")]


@contextmanager
def connected(url: str, token_file: Path | None) -> Iterator[IssuesClient]:
    """The client of the service at ``url``."""
    from packager.tracker.client import IssuesClient

    client = IssuesClient(url, read_token(url, token_file))
    try:
        yield client
    finally:
        client.close()


def number_of(text: str) -> int:
    """The number of an issue: ``12`` or ``#12``; raises ``UsageError``."""
    digits = text.removeprefix("#")
    if not digits.isdecimal() or len(digits) > 18:
        raise UsageError(
            f"{text[:40]!r}: expected the number of an issue", "`package issues list` shows them"
        )
    return int(digits)
