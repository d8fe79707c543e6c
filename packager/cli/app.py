"""The application that verbs register with, and what they share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from packager.image.engine import Engine
from packager.image.reference import Reference, open_reference

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
Local = Annotated[bool, typer.Option(help="Without a container, under this Python.")]


@contextmanager
def opened(reference: str, local: bool) -> Iterator[tuple[Reference, Engine | None]]:
    """The package, and the engine to run it on: none with ``--local`` or where none answers."""
    engine = Engine.connect()
    with open_reference(reference, engine) as found:
        runs = engine is not None and not local and found.lock().base != "none"
        yield found, engine if runs else None
