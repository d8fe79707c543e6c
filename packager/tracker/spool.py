"""Reports that wait for a service that is away: one file each, in the user's state folder."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs
from pydantic import ValidationError

from packager.errors import PackageError
from packager.tracker.client import AwayError, DeniedError, IssuesClient
from packager.tracker.core.finding import Report, StrictRecord
from packager.tracker.core.refusals import refusal_of

MAX_FILES = 1_000
"""Reports that wait; beyond it the oldest is dropped."""


class WaitingReport(StrictRecord):
    """A report, and the service it is for."""

    url: str
    report: Report


def spool_folder() -> Path:
    """The folder of waiting reports."""
    return Path(platformdirs.user_state_dir("model-packager")) / "issues"


def keep(url: str, report: Report, folder: Path, warn: Callable[[str], None]) -> Path:
    """Keep a report for later; ``warn`` is told which one is dropped for it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}.json"
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(WaitingReport(url=url, report=report).model_dump_json(), encoding="utf-8")
    part.replace(path)
    for old in sorted(folder.glob("*.json"))[:-MAX_FILES]:
        old.unlink(missing_ok=True)
        warn(f"{old}: dropped, because {MAX_FILES:,} newer findings wait")
    return path


def send_waiting(client: IssuesClient, url: str, folder: Path, warn: Callable[[str], None]) -> int:
    """Send what waits for ``url``, oldest first; the number sent.

    A report that the service refuses is renamed, so that it can be read and is not sent again;
    ``warn`` is told its name and why. Raises ``AwayError`` if the service is away.
    """
    sent = 0
    for path in sorted(folder.glob("*.json")):
        try:
            waiting = WaitingReport.model_validate_json(path.read_bytes())
            if waiting.url != url:
                continue
            client.send(waiting.report)
            path.unlink(missing_ok=True)
            sent += 1
        except FileNotFoundError:  # another process sent it
            continue
        except (AwayError, DeniedError):
            raise
        except (PackageError, ValidationError) as error:
            aside = path.with_suffix(".refused")
            path.replace(aside)
            why = refusal_of(error) if isinstance(error, ValidationError) else error.message
            warn(f"findings that waited were refused, and are in {aside}: {why}")
    return sent


def send_or_keep(
    url: str, token: str, report: Report, folder: Path, warn: Callable[[str], None]
) -> list[dict[str, object]]:
    """Send a report after those that wait; keep it if the service is away or denies the token.

    ``warn`` is told what became of those that are lost. Raises ``AwayError`` and ``DeniedError``
    after keeping it, and ``PackageError`` if the service refuses the report.
    """
    client = IssuesClient(url, token)
    try:
        send_waiting(client, url, folder, warn)
        return client.send(report)
    except (AwayError, DeniedError):
        keep(url, report, folder, warn)
        raise
    finally:
        client.close()
