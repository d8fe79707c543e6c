"""The application that commands register with, and helpers that they share.

A module of this folder imports only typer and constants for options, because `package --help` and
shell completion import every module. A command imports its implementation when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import CommandFunctionType

from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.client import Client
    from packager.engine.engine import Engine
    from packager.image.reference import Reference

SERVER_PREFIXES = ("http://", "https://")


class GroupedVerbs(TyperGroup):
    """Groups the commands in `--help` by their ``rich_help_panel``."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each heading, in order of first occurrence."""
        sections: dict[str, list[tuple[str, Any]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            if not command.hidden:
                heading = command.rich_help_panel or "Commands"
                sections.setdefault(heading, []).append((name, command))
        names = [name for section in sections.values() for name, _ in section]
        width = max(map(len, names), default=0)
        for heading, section in sections.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [
                        (name.ljust(width), command.get_short_help_str(formatter.width - width))
                        for name, command in section
                    ]
                )


class Verb(TyperCommand):
    """A command whose long options may be abbreviated, as GNU programs allow."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse ``args`` after each unambiguous prefix of an option is completed."""
        names = {
            name
            for parameter in self.get_params(ctx)
            for name in (*parameter.opts, *parameter.secondary_opts)
        }
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(
            ctx, [*(complete_option(arg, names) for arg in args[:end]), *args[end:]]
        )


class Application(typer.Typer):
    """A group whose commands are ``Verb`` objects."""

    def command(
        self, *args: Any, **options: Any
    ) -> Callable[[CommandFunctionType], CommandFunctionType]:
        """Register a command."""
        return super().command(*args, **{"cls": Verb, **options})


def subcommands(meaning: str) -> Application:
    """A group of commands, such as ``package data``; ``meaning`` is its help."""
    return Application(help=meaning, cls=GroupedVerbs, no_args_is_help=True, rich_markup_mode=None)


def complete_option(arg: str, names: Collection[str]) -> str:
    """``--out=x`` → ``--output=x`` if no other of ``names`` begins with ``--out``."""
    name, equals, value = arg.partition("=")
    if not name.startswith("--") or name in names:
        return arg
    matches = [one for one in names if one.startswith(name)]
    return f"{matches[0]}{equals}{value}" if len(matches) == 1 else arg


app = Application(
    name="package",
    help="Package a model with its code, data and training recipe as one image that serves "
    "predictions, exposes metrics and replays its own training.",
    epilog="Results go to stdout, everything else to stderr. With --json the last line of stderr "
    "is the error as a JSON object. Exit codes: 0 done, 1 failed, 2 wrong usage.",
    cls=GroupedVerbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
CREATE = "Create and build"
INSPECT = "Inspect and compare"
RUN = "Run"
SHARE = "Share"
MONITOR = "Monitor"
DATA = "Data"
TRUST = "Trust"

AsJson = Annotated[bool, typer.Option("--json", help="Print the result, or the error, as JSON.")]
REF_HELP = "A tag, an OCI folder, an archive or HOST/NAME:TAG"
Ref = Annotated[str, typer.Argument(metavar="REF", help=f"{REF_HELP}.")]
RefOrUrl = Annotated[
    str, typer.Argument(metavar="REF|URL", help=f"{REF_HELP}, or the address of a server.")
]
KeyFile = Annotated[Path | None, typer.Option(help="The file with the server's API key.")]
Key = Annotated[
    Path | None,
    typer.Option("--key", help="Public key: first verify that it signed the package."),
]
Local = Annotated[
    bool,
    typer.Option(
        "--local", help="Run in a process with your permissions, for packages that you trust."
    ),
]


@contextmanager
def opened(
    reference: str,
    local: bool,
    key: Path | None = None,
    *,
    companion: bool = False,
    verified: bool = False,
) -> Iterator[tuple[Reference, Engine | None]]:
    """Yield the package, and the engine to run it on; the engine is None only with ``--local``.

    Raises ``PackageError`` if it is not signed by ``key`` or as this machine's policy demands, or
    if the image, or the ``companion`` that is to run, is not what the package's manifest records. A
    verb that reports such differences does so itself (``verified``).
    """
    from packager.api.opening import opened_package
    from packager.cli.console import ConsoleProgress

    with opened_package(
        reference,
        ConsoleProgress(),
        local=local,
        key=key,
        companion=companion,
        verified=verified,
    ) as pair:
        yield pair


def is_server(reference: str) -> bool:
    """Whether REF|URL is the address of a server."""
    return reference.lower().startswith(SERVER_PREFIXES)


def make_client(url: str, key_file: Path | None, *, local: bool = False) -> Client:
    """The client for the server at ``url``; raises ``UsageError`` with ``--local``."""
    from packager.client import Client, read_key

    if local:
        raise UsageError(f"--local: expected a package, got the server {url}", "leave it out")
    return Client(url, key=None if key_file is None else read_key(key_file))


def refuse_key(key: Path | None) -> None:
    """Raise ``UsageError`` for ``--key`` together with a server."""
    if key is not None:
        raise UsageError(
            "--key: expected a package, whose signatures it verifies, got the address of a server",
            "leave it out; a server verifies its own package with MODEL_VERIFY_KEY_FILE",
        )


def refuse_key_file(key_file: Path | None) -> None:
    """Raise ``UsageError`` for ``--key-file`` together with a package."""
    if key_file is not None:
        raise UsageError(
            "--key-file: expected the address of a server, got a package", "leave it out"
        )
