"""Commands of administrators: ``issues export``, ``import``, ``backup``, ``audit``, ``tokens``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from packager.cli.app import AsJson, subcommands
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.issues.client import DEFAULT_URL, Service, TokenFile, connected
from packager.cli.issues.group import SERVE, issues
from packager.errors import UsageError

tokens = subcommands("Access tokens of the issue tracker.")
issues.add_typer(tokens, name="tokens", rich_help_panel=SERVE)


@issues.command("export", rich_help_panel=SERVE)
def export_issues(
    output: Annotated[Path, typer.Option(help="File for the JSON lines.")],
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Write all issues with their history as JSON lines, without secrets."""
    from packager.cache import atomic_file, check_writable

    check_writable(output.absolute().parent)
    with connected(url, token_file) as client, atomic_file(output) as part:
        part.touch(mode=0o600)
        size = client.export_to(part)
    print_result(json.dumps({"file": str(output), "bytes": size}) if as_json else str(output))


@issues.command("import", rich_help_panel=SERVE)
def import_issues(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What `issues export` wrote.")],
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Add the issues of a file to those that are there; none is doubled."""
    if not source.is_file():
        raise UsageError(f"{source}: expected a file, but there is none", "name an exported file")
    with connected(url, token_file) as client:
        counts = client.import_from(source)
    detail = f"{counts['added']} added, {counts['changed']} changed, {counts['same']} the same"
    print_result(json.dumps(counts) if as_json else detail)


@issues.command(rich_help_panel=SERVE)
def backup(
    output: Annotated[Path, typer.Option(help="File for the copy of the database.")],
    state: Annotated[
        Path | None, typer.Option(help="Folder of the service's data; default: your data folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the database while the service runs; PostgreSQL has pg_dump."""
    from packager.cache import check_writable
    from packager.tracker.location import default_state
    from packager.tracker.store.opening import open_store

    check_writable(output.absolute().parent)
    store = open_store(state or default_state())
    try:
        store.backup(output)
    finally:
        store.close()
    size = output.stat().st_size
    print_result(json.dumps({"file": str(output), "bytes": size}) if as_json else str(output))


@issues.command(rich_help_panel=SERVE)
def audit(
    url: Service = DEFAULT_URL, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Show who made and revoked tokens, logged in, exported, imported."""
    from packager.report.table import table

    with connected(url, token_file) as client:
        entries = client.audit()
    if as_json:
        print_result(json.dumps({"audit": entries}))
        return
    rows = [[one["at"], one["who"], one["what"], one["text"]] for one in entries]
    print_result(table(["when", "who", "what", ""], rows, terminal_columns()) or "nothing")


@tokens.command("list")
def list_tokens(
    url: Service = DEFAULT_URL, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """List the tokens, without their secrets."""
    from packager.report.table import table

    with connected(url, token_file) as client:
        access_tokens = client.tokens()
    if as_json:
        print_result(json.dumps({"tokens": access_tokens}))
        return
    rows = [[one["name"], one["scope"], one["last_used"] or "never"] for one in access_tokens]
    print_result(table(["name", "scope", "last used"], rows, terminal_columns()) or "no tokens")


@tokens.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="The person or program that uses the token.")],
    output: Annotated[Path, typer.Option(help="New file for the token, readable by you alone.")],
    scope: Annotated[
        Literal["report", "read", "write", "admin"],
        typer.Option(help="report: send findings; read: read; write: both, and act; admin: all."),
    ] = "report",
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a token, and write it into a file; it is not shown."""
    import os

    try:
        opened = os.open(output, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise UsageError(f"{output}: it exists already", "name a new file") from None
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror}", "name a new file") from error
    with open(opened, "w") as stream:
        try:
            with connected(url, token_file) as client:
                stream.write(f"{client.add_token(name, scope)}\n")
        except BaseException:
            output.unlink(missing_ok=True)
            raise
    known = {"name": name, "scope": scope, "file": str(output)}
    print_result(json.dumps(known) if as_json else str(output))


@tokens.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The name of a token.")],
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a token, and end the sessions that began with it."""
    with connected(url, token_file) as client:
        client.revoke_token(name)
    if as_json:
        print_result(json.dumps({"name": name}))
    else:
        ConsoleProgress().step(f"revoked {name}")
