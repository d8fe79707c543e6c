"""The command ``card``: the model card of a package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from packager.cache import atomic_file, check_writable
from packager.cli.app import INSPECT, Ref, app
from packager.cli.console import print_result

Format = Literal["html", "markdown"]


@app.command(rich_help_panel=INSPECT)
def card(
    reference: Ref,
    file_format: Annotated[
        Format, typer.Option("--format", help="An HTML page, or Markdown for a model hub.")
    ] = "html",
    output: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
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

    if output is not None:
        check_writable(output.absolute().parent)
    with open_reference(reference, Engine.connect()) as found:
        made = model_card_of(found, wheel_licences(found))
    text = as_page(made) if file_format == "html" else as_markdown(made)
    if output is None:
        print_result(text.rstrip("\n"))
        return
    with atomic_file(output) as file:
        file.write_text(text, encoding="utf-8")
    print_result(str(output))
