"""``package test``: a package on new data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from packager.cli.app import RUN, AsJson, Local, Ref, app, opened
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.errors import PackageError, UsageError


@app.command("test", rich_help_panel=RUN)
def run_data_test(
    reference: Ref,
    data: Annotated[Path, typer.Option(help="New rows: a file or a folder.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder for report.json, junit.xml, summary.md, index.html (none)."
        ),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(help="File for a Markdown summary; appended to $GITHUB_STEP_SUMMARY."),
    ] = None,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Test a package on new data: schema, drift, quality by slice; one verdict.

    Exit 1 if the test failed. The policy is [test] of package.toml, when the package was built.
    """
    from packager.report.data_test import as_text
    from packager.report.data_test_files import check_places, write_error, write_report
    from packager.testing.run import run_test

    check_places(output, summary)
    try:
        with opened(reference, local) as (found, engine):
            report = run_test(found, data, engine, ConsoleProgress())
    except UsageError:  # nothing was tested
        raise
    except PackageError as error:
        write_error(reference, error, output, summary)
        raise
    write_report(report, output, summary)
    print_result(report.model_dump_json() if as_json else as_text(report, terminal_columns()))
    if not report.passed:
        raise typer.Exit(1)
