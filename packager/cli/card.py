"""The command ``card``: the model card of a package."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from packager.cache import atomic_file, check_writable
from packager.cli.app import INSPECT, AsJson, Ref, app
from packager.cli.console import print_result
from packager.errors import UsageError

Format = Literal["html", "markdown"]


@app.command(rich_help_panel=INSPECT)
def card(
    reference: Ref,
    file_format: Annotated[
        Format | None,
        typer.Option("--format", help="A page, or Markdown for a model hub. Default: html."),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the model card of a package: a page for who uses the model.

    Use and limits as its author states them ([card] of package.toml), metrics with intervals, worst
    slices, known weaknesses, data, licences, how to train it again.
    """
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference
    from packager.report.card import model_card_of
    from packager.report.card_markdown import as_markdown
    from packager.report.card_page import as_page
    from packager.trust.wheel_licences import wheel_licences

    if as_json and output is None and file_format is not None:
        raise UsageError(
            "--json: expected --output with --format, got none",
            "name a file with --output, or leave --format out to get the card as JSON",
        )
    if output is not None:
        check_writable(output.absolute().parent)
    with open_reference(reference, Engine.connect()) as package:
        model_card = model_card_of(package, wheel_licences(package))
    text = as_markdown(model_card) if file_format == "markdown" else as_page(model_card)
    if output is None:
        print_result(json.dumps(asdict(model_card)) if as_json else text.rstrip("\n"))
        return
    with atomic_file(output) as file:
        file.write_text(text, encoding="utf-8")
    print_result(json.dumps({"output": str(output)}) if as_json else str(output))
