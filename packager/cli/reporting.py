"""The option ``--issues`` of verbs that report findings to the issue tracker."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packager.errors import PackageError, UsageError
from packager.text import listed

if TYPE_CHECKING:
    from packager.progress import Progress
    from packager.tracker.core.finding import Report

URL_VARIABLE = "MODEL_ISSUES_URL"
TOKEN_FILE_VARIABLE = "MODEL_ISSUES_TOKEN_FILE"
_VERSION = re.compile(r"@\d*(\.\.\d*)?$")
_TOKEN = re.compile(r"[!-~]{1,1000}")


def check_address(url: str | None) -> str | None:
    """The address of ``--issues``; raises ``UsageError`` before the verb begins."""
    if url is not None:
        from packager.client.address import server_address

        server_address(url)
    return url


Issues = Annotated[
    str | None,
    typer.Option(
        "--issues",
        callback=check_address,
        metavar="URL",
        envvar=URL_VARIABLE,
        help="Report findings to the issue tracker at this address.",
    ),
]

MAX_NAMED = 5
"""Issues that are named after a report."""


def check_report_url(url: str | None) -> str | None:
    """The address of ``--report-url``; raises ``UsageError`` before the verb begins."""
    if url is not None:
        from packager.tracker.core.finding import LINK
        from packager.tracker.core.texts import MAX_TEXT

        if not LINK.fullmatch(url) or len(url) > MAX_TEXT:
            raise UsageError(
                f"--report-url: expected an http or https address of at most {MAX_TEXT} characters,"
                f" got {url[:80]!r}",
                "name the page where the report can be read, such as that of the pipeline's run",
            )
    return url


ReportUrl = Annotated[
    str | None,
    typer.Option(
        callback=check_report_url,
        metavar="URL",
        help="Where people can read the report; with --issues.",
    ),
]
Replaces = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Earlier data that these stand in for: their issues end; with --issues.",
    ),
]


def check_reporting(issues: str | None, **others: str | None) -> None:
    """Raise ``UsageError`` if an option that is for the issue tracker has no ``--issues``."""
    for name, value in others.items():
        if value is not None and issues is None:
            raise UsageError(
                f"--{name.replace('_', '-')}: expected --issues with it, got none",
                f"add --issues URL, or set {URL_VARIABLE}",
            )


def data_name(text: str | None) -> str:
    """The name of data as their issues have it: the last part of a path, without a version."""
    return "" if text is None else _VERSION.sub("", Path(text).absolute().name)


def read_token(url: str, token_file: Path | None = None) -> str:
    """The token of a file: that of the option, of the variable, or of a service on this machine.

    The administrator's token of this machine's service goes to this machine only.
    """
    from packager.client.address import is_this_machine, server_address
    from packager.tracker.location import default_state

    named = token_file or os.environ.get(TOKEN_FILE_VARIABLE)
    if not named and not is_this_machine(server_address(url).hostname or ""):
        raise PackageError(
            f"{url}: expected a file with a token of this issue tracker, got none",
            f"name it with --token-file, or {TOKEN_FILE_VARIABLE}",
        )
    path = Path(named) if named else default_state() / "admin.token"
    hint = f"set {TOKEN_FILE_VARIABLE} to a file with a token, or start `package issues serve`"
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PackageError(
            f"{path}: expected a file with a token of the issue tracker: {type(error).__name__}",
            hint,
        ) from error
    if not _TOKEN.fullmatch(token):
        raise PackageError(f"{path}: expected one line with a token of the issue tracker", hint)
    return token


def send_findings(url: str | None, report: Report | None, progress: Progress) -> None:
    """Report findings if ``url`` is known. Nothing that fails here fails the verb.

    Without a token that is accepted, and while the service is away, they wait for the next report
    that is sent to it from this machine.
    """
    if url is None or report is None:
        return
    from packager.tracker.client import AwayError, DeniedError
    from packager.tracker.spool import keep, send_or_keep, spool_folder

    folder = spool_folder()
    try:
        try:
            token = read_token(url)
        except PackageError as error:
            keep(url, report, folder, progress.warn)
            raise DeniedError(error.message, error.hint) from error
        results = send_or_keep(url, token, report, folder, progress.warn)
    except (AwayError, DeniedError) as error:
        hint = f". {error.hint}" if error.hint and isinstance(error, DeniedError) else ""
        progress.warn(f"{error.message}; the findings wait in {folder} for the next report{hint}")
        return
    except PackageError as error:
        progress.warn(f"the findings were not sent: {error.message}. {error.hint or ''}".strip())
        return
    except OSError as error:
        progress.warn(f"the findings were not sent: {folder}: {error.strerror or error}")
        return
    scan = report.scan
    if (
        scan is not None
        and scan.replaces
        and any(result["result"] == "unknown" for result in results)
    ):
        progress.warn(
            f"--replaces {scan.replaces}: no {scan.source} of data of this name was reported, so it"
            " closed nothing; `package issues list --search NAME` finds issues by name"
        )
    changed = [result for result in results if result["result"] != "same" and result["id"]]
    detail = listed([f"#{one['id']} {one['result']}" for one in changed], MAX_NAMED)
    progress.step(f"issues: {detail or 'nothing new'}")
