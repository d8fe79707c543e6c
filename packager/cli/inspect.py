"""Commands that describe and compare packages: ``inspect``, ``diff``."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import INSPECT, REF_HELP, AsJson, Local, Ref, app
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.engine.engine import Engine
    from packager.image.reference import Reference
    from packager.progress import Progress


@app.command(rich_help_panel=INSPECT)
def inspect(
    reference: Ref,
    everything: Annotated[
        bool, typer.Option("--all", help="Every input, slice, condition and layer.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Verify its files, wheels, settings and members; run nothing of it."
        ),
    ] = False,
    platform: Annotated[
        str | None,
        typer.Option(help="Which image of a package for several platforms. Default: this one's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in a package: recipe, data, metrics, worst slices.

    Of a solution, also its members. With --check, exit 1 if a part differs from what the package's
    manifest and lock name.
    """
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference
    from packager.report import package as inspection

    engine = Engine.connect()
    with open_reference(reference, engine, platform) as package:
        if check:
            _check(package, engine, as_json=as_json)
        elif as_json:
            print_result(json.dumps(inspection.as_json(package)))
        else:
            columns = terminal_columns()
            print_result(inspection.as_text(package, columns, everything=everything))


def _check(package: Reference, engine: Engine | None, *, as_json: bool) -> None:
    """Verify a package and print the result; ends the program with 1 if a part differs."""
    from packager.report import check_package
    from packager.run.check_package import checked

    with checked(package, engine) as done:
        shown = (
            check_package.as_json(done) if as_json else check_package.as_text(done, package.name)
        )
        print_result(shown)
        if not done.sound:
            raise typer.Exit(1)


@app.command(rich_help_panel=INSPECT)
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help=f"{REF_HELP}.")],
    after: Annotated[str, typer.Argument(metavar="B", help=f"{REF_HELP}.")],
    data: Annotated[
        Path | None,
        typer.Option(help="Rows on which to compare both, labelled; of solutions also without."),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option(help="Which images: a platform of both, or A's and B's with a comma."),
    ] = None,
    local: Local = False,
    as_json: AsJson = False,
) -> None:
    """Compare two packages; with --data, test which is better.

    The test says whether a difference of the metrics is more than chance.
    """
    from packager.compare.packages import diff_packages
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference
    from packager.report import evaluation, package_diff
    from packager.run.evaluate import evaluate_pair
    from packager.runners.placement import runs_on
    from packager.trust.verified import check_platform, trusted

    named = _sides(platform)
    if local and data is None:
        raise UsageError("--local: expected --data with it", "without it nothing is run")
    engine, progress = Engine.connect(), ConsoleProgress()
    with ExitStack() as stack:
        one = stack.enter_context(open_reference(before, engine, named[0]))
        other = stack.enter_context(open_reference(after, engine, named[1]))
        if data is not None:
            for package in (one, other):
                check_platform(package, engine)
            one, other = (
                trusted(package, None, progress, companion=True) for package in (one, other)
            )
        if data is not None and one.manifest.solution and other.manifest.solution:
            engine_used = runs_on((one, other), engine, progress, local=local)
            _diff_solutions(one, other, data, (engine_used, progress), as_json)
            return
        if data is not None:
            engine_used = runs_on((one, other), engine, progress, local=local)
            compared = evaluate_pair(one, other, data, engine_used, progress)
            print_result(
                json.dumps(evaluation.as_json(compared))
                if as_json
                else evaluation.as_text(compared, terminal_columns())
            )
            return
        change = diff_packages(one, other)
    print_result(
        json.dumps(package_diff.as_json(change))
        if as_json
        else package_diff.as_text(change, terminal_columns())
    )


def _sides(platform: str | None) -> tuple[str | None, str | None]:
    """The platforms of A and B."""
    named = platform.split(",") if platform else [None]
    if len(named) > 2:
        raise UsageError(
            f"--platform: expected one platform or two, got {len(named)}",
            "for example --platform linux/amd64,linux/arm64",
        )
    return named[0], named[-1]


def _diff_solutions(
    before: Reference,
    after: Reference,
    data: Path,
    how: tuple[Engine | None, Progress],
    as_json: bool,
) -> None:
    """Whether two solutions differ by more than chance, if there are labels; then by what."""
    from packager.report import evaluation, release_shares
    from packager.run.evaluate import evaluate_pair
    from packager.testing.release_shares import release_shares as measure

    shares = measure(before, after, data, *how)
    labelled = bool(shares.error)
    paired = evaluate_pair(before, after, data, *how) if labelled else None
    if as_json:
        compared = {} if paired is None else evaluation.as_json(paired)
        print_result(json.dumps({**compared, "shares": release_shares.as_json(shares)}))
        return
    columns = terminal_columns()
    parts = [] if paired is None else [evaluation.as_text(paired, columns)]
    print_result("\n\n".join([*parts, release_shares.as_text(shares, columns)]))
