"""Commands that change issues: ``issues ack``, ``resolve``, ``snooze``, ``assign``, and others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from packager.cli.app import AsJson
from packager.cli.console import print_result
from packager.cli.issues.client import DEFAULT_URL, Number, Service, TokenFile, connected, number_of
from packager.cli.issues.group import CHANGE, issues
from packager.errors import UsageError

Reason = Annotated[str | None, typer.Option("--reason", help="Why; the page shows it.")]
Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="2h, 3d, 1w, or 2026-12-01T09:00:00Z.")
]
_DURATION = re.compile(r"(\d{1,6})\s*(min|h|d|w)")
_SECONDS = {"min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@issues.command("ack", rich_help_panel=CHANGE)
def acknowledge(
    issue: Number, url: Service = DEFAULT_URL, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Acknowledge an issue: somebody looks into it."""
    _act(issue, {"action": "acknowledge"}, url, token_file, as_json)


@issues.command(rich_help_panel=CHANGE)
def resolve(
    issue: Number,
    fixed_in: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Older versions do not open it again."),
    ] = None,
    reason: Reason = None,
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Resolve an issue; it opens again if it begins again."""
    action = {"action": "resolve", "version": fixed_in, "reason": reason or ""}
    _act(issue, action, url, token_file, as_json)


@issues.command(rich_help_panel=CHANGE)
def reopen(
    issue: Number, url: Service = DEFAULT_URL, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Open an issue again, whatever its state."""
    _act(issue, {"action": "reopen"}, url, token_file, as_json)


@issues.command(rich_help_panel=CHANGE)
def snooze(
    issue: Number,
    until: Until = None,
    until_doubled: Annotated[
        bool, typer.Option("--until-doubled", help="Until its priority is twice that of now.")
    ] = False,
    until_new_version: Annotated[
        bool, typer.Option("--until-new-version", help="Until a newer version has it.")
    ] = False,
    reason: Reason = None,
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Hide an issue until a time, a doubled priority or a newer version."""
    if until is None and not until_doubled and not until_new_version:
        raise UsageError(
            "expected --until, --until-doubled or --until-new-version, got none",
            "for example --until 3d",
        )
    action = {
        "action": "snooze",
        "until": future_text(until),
        "until_doubled": until_doubled,
        "until_new_version": until_new_version,
        "reason": reason or "",
    }
    _act(issue, action, url, token_file, as_json)


@issues.command(rich_help_panel=CHANGE)
def ignore(
    issue: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why; the page shows it.")],
    until: Until = None,
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Ignore an issue that is not worth doing."""
    _check_text("--reason", reason, "the page shows why it is ignored")
    action = {"action": "ignore", "reason": reason, "until": future_text(until)}
    _act(issue, action, url, token_file, as_json)


@issues.command(rich_help_panel=CHANGE)
def assign(
    issue: Number,
    owner: Annotated[str, typer.Argument(help="A name; '' for nobody.")],
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Assign an issue to somebody."""
    _act(issue, {"action": "assign", "owner": owner}, url, token_file, as_json)


@issues.command(rich_help_panel=CHANGE)
def label(
    issue: Number,
    name: Annotated[str, typer.Argument(help="The label.")],
    remove: Annotated[bool, typer.Option("--remove", help="Remove it.")] = False,
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Add a label to an issue, or remove it."""
    _check_text("NAME", name, "name a label")
    action = {"action": "unlabel" if remove else "label", "label": name}
    _act(issue, action, url, token_file, as_json)


@issues.command(rich_help_panel=CHANGE)
def move(
    issue: Number,
    direction: Annotated[Literal["up", "down", "back"], typer.Argument(help="up, down or back.")],
    reason: Reason = None,
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Move an issue one band up or down, with a reason."""
    bands = {"up": -1, "down": 1, "back": 0}[direction]
    if bands:
        _check_text("--reason", reason, "the page shows why it was moved")
    action = {"action": "move", "bands": bands, "reason": reason or ""}
    _act(issue, action, url, token_file, as_json)


@issues.command(rich_help_panel=CHANGE)
def comment(
    issue: Number,
    text: Annotated[str, typer.Argument(help="Plain text.")],
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Add a comment."""
    _check_text("TEXT", text, "say what you found out")
    _act(issue, {"action": "comment", "text": text}, url, token_file, as_json)


@issues.command(rich_help_panel=CHANGE)
def add(
    package: Annotated[str, typer.Argument(help="The package that it is about.")],
    title: Annotated[str, typer.Argument(help="The title of the issue.")],
    kind: Annotated[str, typer.Option(help="A word for issues of this kind.")] = "Reported",
    subject: Annotated[
        str | None, typer.Option(help="The affected part of the package; default: the title.")
    ] = None,
    severity: Annotated[
        Literal["page", "ticket", "info"], typer.Option(help="How urgent it is.")
    ] = "ticket",
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Part of the traffic that is affected.")
    ] = 0.1,
    url: Service = DEFAULT_URL,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Add an issue by hand."""
    _check_text("PACKAGE", package, "name the package that it is about")
    _check_text("TITLE", title, "say what is wrong")
    finding = {
        "package": package,
        "kind": kind,
        "subject": subject or title[:200],
        "title": title,
        "severity": severity,
        "share": share,
    }
    with connected(url, token_file) as client:
        _print(client.add(finding), {"action": "add"}, as_json)


def _check_text(name: str, text: str | None, hint: str) -> None:
    if text is None or not text.strip():
        raise UsageError(f"{name}: expected a text, got none", hint)


def future_text(text: str | None) -> str | None:
    """The same as ``moment_text``, of a time to come."""
    import time

    from packager.tracker.core.moments import parse_moment

    moment = moment_text(text)
    if moment is not None and parse_moment(moment) <= time.time():
        raise UsageError(f"--until: expected a time to come, got {moment}", "for example 3d")
    return moment


def moment_text(text: str | None) -> str | None:
    """A time as ISO 8601 in UTC: ``3d`` from now, or as it is; raises ``UsageError``."""
    import time

    from packager.tracker.core.moments import format_moment, parse_moment

    if text is None:
        return None
    duration = _DURATION.fullmatch(text.strip())
    if duration is not None:
        return format_moment(time.time() + int(duration[1]) * _SECONDS[duration[2]])
    try:
        return format_moment(parse_moment(text))
    except ValueError as error:
        raise UsageError(f"{text[:40]!r}: {error}", "or a duration: 2h, 3d, 1w") from error


def _act(
    issue: str, action: Mapping[str, Any], url: str, token_file: Path | None, as_json: bool
) -> None:
    number = number_of(issue)
    with connected(url, token_file) as client:
        _print(client.act(number, action), action, as_json)


def _print(issue: Mapping[str, Any], action: Mapping[str, Any], as_json: bool) -> None:
    from packager.report.issues import done_text

    print_result(json.dumps(dict(issue)) if as_json else done_text(issue, action))
