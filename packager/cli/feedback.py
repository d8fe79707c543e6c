"""What tells a server how its predictions turned out: ``feedback``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from packager.cli.app import AsJson, KeyFile, app, client_of
from packager.console import ConsoleProgress, show
from packager.feedback import Sent, send

SHOWN = 20


@app.command()
def feedback(
    url: Annotated[str, typer.Argument(metavar="URL", help="The server, or any replica of it.")],
    source: Annotated[Path, typer.Option("--input", help="CSV with the columns token and actual.")],
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Send labels that came late; say which were not counted (exit 1 unless all are)."""
    with client_of(url, key_file, None, False) as client:
        sent = send(client, source, ConsoleProgress())
    show(_as_json(sent) if as_json else _as_text(sent))
    if not sent.complete:
        raise typer.Exit(1)


def _as_json(sent: Sent) -> str:
    rejected = [{"line": line, "reason": reason} for line, reason in sent.rejected]
    return json.dumps({"accepted": sent.accepted, "rejected": rejected})


def _as_text(sent: Sent) -> str:
    lines = [f"counted: {sent.accepted} labels"]
    lines += [f"not counted: {count} {reason}" for reason, count in sent.reasons.items()]
    lines += [f"  line {line}: {reason}" for line, reason in sent.rejected[:SHOWN]]
    if len(sent.rejected) > SHOWN:
        lines.append(f"  and {len(sent.rejected) - SHOWN} more; --json names them all")
    return "\n".join(lines)
