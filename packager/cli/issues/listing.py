"""Commands that show issues: ``issues list``, ``issues show``."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from packager.cli.app import AsJson
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.issues.client import DEFAULT_URL, Number, Service, TokenFile, connected, number_of
from packager.cli.issues.group import SHOW, issues
from packager.errors import UsageError

UNFOLDING = frozenset({"state", "kind", "owner", "label", "q"})
"""Filters that give each issue a line of its own, as on the page."""
STATES = ("open", "acknowledged", "snoozed", "ignored", "resolved", "all")


@issues.command("list", rich_help_panel=SHOW)
def list_issues(
    status: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            help="open, acknowledged, snoozed, ignored, resolved or all; repeatable. "
            "Default: the first two.",
        ),
    ] = None,
    band: Annotated[
        list[int] | None, typer.Option("--band", min=1, max=4, help="Band 1 to 4; repeatable.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name of a package.")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind, such as FeatureDrift.")] = None,
    owner: Annotated[str | None, typer.Option(help="Owner; '' for issues without one.")] = None,
    label: Annotated[str | None, typer.Option(help="Only issues with this label.")] = None,
    search: Annotated[str | None, typer.Option(help="Words of title, subject or comments.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every issue, and not one line for each cause.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Number of issues to print.")] = 50,
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """List issues, the most urgent first; issues of one cause are one line.

    With --kind, --owner, --label, --search or --status, every issue has its own line.
    """
    import time

    from packager.report.issues import list_text

    for one in status or ():
        if one not in STATES:
            raise UsageError(
                f"--status: expected one of {', '.join(STATES)}, got {one[:40]!r}", "choose one"
            )
    chosen: dict[str, Any] = {
        "state": list(status or ()),
        "band": list(band or ()),
        "package": model,
        "kind": kind,
        "owner": owner,
        "label": label,
        "q": search,
    }
    selection = {name: value for name, value in chosen.items() if value not in (None, [])}
    if not every and not selection.keys() & UNFOLDING:
        selection["folded"] = True
    with connected(url, token_file) as client:
        listed = list(client.issues(selection, limit + 1))
    shown = listed[:limit]
    if as_json:
        print_result(json.dumps({"issues": shown, "more": len(listed) > limit}))
        return
    print_result(list_text(shown, time.time(), terminal_columns(), named=bool(status)))
    if any(one["cause_size"] > 1 for one in shown):
        ConsoleProgress().step("issues of one cause are one line: --all lists each")
    if len(listed) > limit:
        ConsoleProgress().step("more: --limit")


@issues.command(rich_help_panel=SHOW)
def show(
    issue: Number, url: Service = DEFAULT_URL, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Show an issue: its priority explained, what to do, its history."""
    import time

    from packager.report.issues import issue_text

    number = number_of(issue)
    with connected(url, token_file) as client:
        fields, events = client.issue(number), client.events(number)
    if as_json:
        print_result(json.dumps({**fields, "history": events}))
    else:
        print_result(issue_text(fields, events, time.time(), terminal_columns()))
