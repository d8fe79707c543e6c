"""``package deploy update``: another version of a deployed model takes over."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import REF_HELP, AsJson, Key, KeyFile, opened
from packager.cli.console import ConsoleProgress, print_result, terminal_columns
from packager.cli.deploy.options import deploy
from packager.cli.deploy.swarm import start_command
from packager.cli.reporting import Issues, data_name, send_findings
from packager.errors import PackageError, UsageError

if TYPE_CHECKING:
    from packager.image.reference import Reference
    from packager.rollout.request import UpdateRequest, UpdateResult
    from packager.worker.test.report import DataTestReport

REFUSING = ("failed", "too few")
"""Outcomes of checks by which a version is refused."""


@deploy.command()
def update(
    output: Annotated[
        Path, typer.Option(help="The folder of `deploy compose` or `deploy swarm` that runs.")
    ],
    reference: Annotated[
        str | None, typer.Argument(metavar="[REF]", help=f"{REF_HELP}: the new version.")
    ] = None,
    image: Annotated[
        str, typer.Option(help="The image as the engine finds it (default: that of REF).")
    ] = "",
    data: Annotated[
        str, typer.Option(help="Rows to compare and to test on: see `package test`.")
    ] = "",
    shadow: Annotated[
        bool,
        typer.Option("--shadow", help="Send the rows of all requests to the new version too."),
    ] = False,
    shadow_minutes: Annotated[
        float, typer.Option(help="Length of the shadow phase, in minutes, at most.")
    ] = 60.0,
    canary: Annotated[
        float, typer.Option(help="Share of the requests that the new version gets first.")
    ] = 0.0,
    canary_minutes: Annotated[
        float, typer.Option(help="Length of the canary phase, in minutes.")
    ] = 5.0,
    accept_too_few: Annotated[
        bool,
        typer.Option("--accept-too-few", help="Continue if a check has too few rows to decide."),
    ] = False,
    latency_ratio: Annotated[
        float, typer.Option(help="Latency allowed, as a multiple of the earlier version's …")
    ] = 1.5,
    latency_slack: Annotated[float, typer.Option(help="… and seconds in addition.")] = 0.005,
    gate_seconds: Annotated[float, typer.Option(help="Time to compare latencies.")] = 60.0,
    ready_seconds: Annotated[float, typer.Option(help="Time to become ready.")] = 120.0,
    no_gate: Annotated[
        bool, typer.Option("--no-gate", help="Do not compare the versions; with --reason.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why there is no gate: it is recorded.")] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an update that was killed.")
    ] = False,
    abort: Annotated[
        bool, typer.Option("--abort", help="Take back an update that was killed.")
    ] = False,
    key_file: KeyFile = None,
    issues: Issues = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Replace a running model by another version without losing a request.

    The new version starts beside the serving one, passes a gate (ready, golden rows, latency,
    test on new data) and what else is asked for (shadow, canary), gets the traffic, and the
    earlier one is stopped. Exit 1, with everything as before, if it does not pass or anything
    fails.
    """
    from packager.deploy.folder_target import SWARM, target_of
    from packager.rollout.request import UpdateRequest
    from packager.rollout.update import abort_update

    _check_usage(no_gate, reason, sum((resume, abort, reference is not None)))
    on_swarm = target_of(output) == SWARM
    if on_swarm and (resume or abort):
        raise UsageError(
            "--resume and --abort: a Swarm ends an update by itself, whatever becomes of this "
            "command",
            "see `docker service ps`; then run the command with REF again, which writes the files",
        )
    if abort:
        _print(abort_update(output, ConsoleProgress()), aborted=True, as_json=as_json)
        return
    requested = None
    if reference is not None:
        path = Path(reference)
        requested = UpdateRequest(
            reference=str(path.absolute()) if path.exists() else reference,
            image=image,
            data=str(Path(data).absolute()) if Path(data).exists() and data else data,
            shadow=shadow,
            shadow_minutes=shadow_minutes,
            canary=canary,
            canary_minutes=canary_minutes,
            no_gate=reason.strip(),
            accept_too_few=accept_too_few,
            ready_seconds=ready_seconds,
            gate_seconds=gate_seconds,
            latency_ratio=latency_ratio,
            latency_slack=latency_slack,
            key_file="" if key_file is None else str(key_file.absolute()),
        )
    run = _run_swarm if on_swarm and requested else _run
    result = run(output, requested, key, issues)
    _print(result, aborted=False, as_json=as_json)
    if not result.done:
        raise typer.Exit(1)


def _check_usage(no_gate: bool, reason: str, named: int) -> None:
    """``named``: how many of REF, --resume and --abort there are."""
    if no_gate != bool(reason.strip()):
        raise UsageError(
            "--no-gate and --reason: expected both or neither", "say why with --reason TEXT"
        )
    if named != 1:
        raise UsageError(
            f"expected one of REF, --resume and --abort, got {named}",
            "name the new version to begin an update; --resume and --abort take no REF: the update "
            "that was begun knows its version",
        )


def _run(
    output: Path, request: UpdateRequest | None, key: Path | None, issues: str | None
) -> UpdateResult:
    """Begin the update that is ``request`` for, or go on with the one in the folder."""
    from packager.rollout.request import UpdateRequest
    from packager.rollout.update import check_no_update, left_update, resume_update, start_update

    if request is None:
        left = UpdateRequest.of(left_update(output).options)
    else:
        check_no_update(output)
        left = request
    progress = ConsoleProgress()
    with opened(left.reference, False, key, companion=bool(left.data)) as (package, engine):
        with _reported(package, left.data, issues) as ended:
            if request is None:
                ended(resume_update(package, output, engine, progress))
            else:
                ended(start_update(package, output, request, engine, progress))
        return ended.result


@dataclass
class _Ended:
    """Keeps how an update ended."""

    result: UpdateResult = field(init=False)

    def __call__(self, result: UpdateResult) -> None:
        self.result = result


@contextmanager
def _reported(package: Reference, data: str, issues: str | None) -> Iterator[_Ended]:
    """Report how the update of the block ends to the issue tracker at ``issues``.

    A wrong call (``UsageError``) says nothing about the version.
    """
    from packager.findings.from_update import findings_of_update

    def report(refusal: str | None, test: DataTestReport | None = None) -> None:
        name = data_name(data or None)
        for one in findings_of_update(refusal, test, package.manifest, name, time.time()):
            send_findings(issues, one, ConsoleProgress())

    ended = _Ended()
    try:
        yield ended
    except UsageError:
        raise
    except PackageError as error:
        report(error.message)
        raise
    result = ended.result
    if result.done:
        report(None, None if result.gate is None else result.gate.test)
    else:
        refused = [check for check in result.checks if check.outcome in REFUSING]
        report("; ".join(one.line_without_cells for one in refused))


def _run_swarm(
    output: Path, request: UpdateRequest | None, key: Path | None, issues: str | None
) -> UpdateResult:
    from packager.rollout.swarm.update import update_swarm

    assert request is not None
    progress = ConsoleProgress()
    with (
        opened(request.reference, False, key, companion=bool(request.data)) as (package, engine),
        _reported(package, request.data, issues) as ended,
    ):
        ended(update_swarm(package, output, request, engine, progress))
    result = ended.result
    if result.done:
        progress.step(f"for its rules and dashboard: {start_command(output)}")
    return result


def _print(result: UpdateResult, *, aborted: bool, as_json: bool) -> None:
    from packager.report.table import table

    if as_json:
        print_result(json.dumps({**result.document, "aborted": aborted}))
        return
    if result.checks:
        rows = [(check.name, check.outcome, check.text) for check in result.checks]
        print_result(table(("check", "outcome", "finding"), rows, terminal_columns()) + "\n")
    if result.done:
        took = f"in {result.seconds:.0f} s"
        print_result(f"{result.model}: {result.version} serves, instead of {result.before}, {took}")
    elif aborted:
        print_result(f"{result.model}: {result.before} serves; the update is taken back")
    else:
        refused = f"{result.version} did not pass, and was removed"
        print_result(f"{result.model}: {result.before} serves; {refused}")
