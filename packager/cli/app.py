"""The application that verbs register with, and what they share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from packager.cli.console import ConsoleProgress
from packager.client import Client, read_key
from packager.engine.engine import Engine
from packager.errors import UsageError
from packager.image.reference import Reference, open_reference
from packager.runners.placement import runs_on

app = typer.Typer(
    name="package",
    help="Turn a model, its code, data and training recipe into one image that serves, "
    "measures and replays itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Ref = Annotated[str, typer.Argument(metavar="REF", help="A tag, an OCI folder or an archive.")]
OptionalRef = Annotated[
    str | None, typer.Argument(metavar="[REF]", help="A tag, an OCI folder or an archive.")
]
ServerUrl = Annotated[str | None, typer.Option("--url", help="A server, in place of REF.")]
KeyFile = Annotated[Path | None, typer.Option(help="The file with the key for --url.")]
Local = Annotated[
    bool,
    typer.Option("--local", help="Without a container, as you: for packages that you trust."),
]


@contextmanager
def opened(reference: str, local: bool) -> Iterator[tuple[Reference, Engine | None]]:
    """The package, and the engine to run it on: none with ``--local``, and with nothing else."""
    engine = Engine.connect()
    with open_reference(reference, engine) as found:
        yield found, runs_on((found,), engine, ConsoleProgress(), local=local)


def client_of(url: str, key_file: Path | None, reference: str | None, local: bool) -> Client:
    """The client for ``--url``; refuses REF and ``--local`` beside it."""
    if reference is not None or local:
        given = "REF" if reference is not None else "--local"
        raise UsageError(f"--url: expected no {given} beside it", "keep one of the two")
    return Client(url, key=None if key_file is None else read_key(key_file))


def required(reference: str | None, key_file: Path | None) -> str:
    """REF, which has to be there where ``--url`` is not."""
    if reference is None:
        raise UsageError("expected REF or --url, got neither", "name a package or a server")
    if key_file is not None:
        raise UsageError("--key-file: expected --url beside it", "leave it out")
    return reference
