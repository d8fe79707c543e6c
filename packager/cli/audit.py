"""The command ``audit``: what of a package, a project or a file should not be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.cli.app import INSPECT, AsJson, app
from packager.cli.console import print_result
from packager.errors import UsageError

if TYPE_CHECKING:
    from packager.trust.audit_report import AuditResult


@app.command(rich_help_panel=INSPECT)
def audit(
    target: Annotated[
        str,
        typer.Argument(
            metavar="REF|PROJECT|FILE",
            help="A package, a project's folder, or a model's file or folder.",
        ),
    ],
    vulnerabilities: Annotated[
        bool,
        typer.Option(
            "--vulnerabilities", help="Ask grype, trivy or pip-audit, which may use the network."
        ),
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE.NAME", help="A global that pickles may name; repeatable."),
    ] = None,
    deny_license: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A licence to fail for, as GPL-*; repeatable."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every wheel's licence.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look for pickles that run code, secrets, licences, imports.

    Licences that are denied, and imports that are not locked.
    Nothing of it is run. Exit 1 with a finding, or if anything was not looked into.
    """
    from packager.report import audit as report

    audited = _audited(target, allow or [], deny_license or [], vulnerabilities=vulnerabilities)
    print_result(
        report.as_json(audited) if as_json else report.as_text(audited, everything=everything)
    )
    if not audited.clean:
        raise typer.Exit(1)


def _audited(
    target: str, allow: list[str], deny: list[str], *, vulnerabilities: bool
) -> AuditResult:
    from packager.engine.engine import Engine
    from packager.image.reference import open_reference
    from packager.project.config import FILENAME, load_project
    from packager.trust.audit import audit_file, audit_project, audit_reference
    from packager.trust.vulnerabilities import look_up, look_up_wheels

    path = Path(target)
    if (path / FILENAME).is_file():
        if allow:
            raise UsageError(
                f"--allow: expected a package or a file, got the project {target}",
                "write it into package.toml: [serve] pickle_allow",
            )
        project = load_project(path)
        audited = audit_project(project, deny)
        if vulnerabilities:
            look_up_wheels(audited, project.directory)
        return audited
    if _is_model(path):
        for option, value in (("--vulnerabilities", vulnerabilities), ("--deny-license", deny)):
            if value:
                raise UsageError(
                    f"{option}: expected a package or a project, got the model {target}",
                    "leave it out",
                )
        return audit_file(path, allow)
    with open_reference(target, Engine.connect()) as reference:
        audited = audit_reference(reference, allow, deny)
        if vulnerabilities:
            look_up(audited, reference)
        return audited


def _is_model(path: Path) -> bool:
    """Whether it is a model's file or folder, and no package in an archive or folder."""
    from modelhost.pickles.archives import is_pickle_name

    if path.is_dir():
        return not any((path / name).exists() for name in ("oci-layout", "index.json", "blobs"))
    return path.is_file() and (path.suffix not in (".tar", ".gz") or is_pickle_name(path.name))
