"""Reports that wait for a service that is away: one file each, in the user's state folder."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

import platformdirs
from pydantic import ValidationError

from packager.errors import PackageError
from packager.tracker.client import AwayError, DeniedError, IssuesClient
from packager.tracker.core.finding import Report, Strict
from packager.tracker.core.refusals import refusal_of

MAX_FILES = 1_000
"""Reports that wait; beyond it the oldest is dropped."""


class Waiting(Strict):
    """A report, and the service it is for."""

    url: str
    report: Report


def spool_folder() -> Path:
    """Where reports wait."""
    return Path(platformdirs.user_state_dir("model-packager")) / "issues"


def keep(url: str, report: Report, folder: Path) -> Path:
    """Keep a report for later."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}.json"
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(Waiting(url=url, report=report).model_dump_json(), encoding="utf-8")
    part.replace(path)
    for old in sorted(folder.glob("*.json"))[:-MAX_FILES]:
        old.unlink(missing_ok=True)
    return path


def send_waiting(client: IssuesClient, url: str, folder: Path) -> tuple[int, list[str]]:
    """Send what waits for ``url``, oldest first; the number sent, and what was wrong with others.

    A report that the service refuses is renamed, so that it can be read and is not sent again.
    Raises ``AwayError`` if the service is away.
    """
    sent, refused = 0, []
    for path in sorted(folder.glob("*.json")):
        try:
            waiting = Waiting.model_validate_json(path.read_bytes())
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
            refused.append(f"{aside}: {why}")
    return sent, refused


def send_or_keep(url: str, token: str, report: Report, folder: Path) -> list[dict[str, object]]:
    """Send a report after those that wait; keep it if the service is away or denies the token.

    Raises ``AwayError`` and ``DeniedError`` then, and ``PackageError`` if it refuses the report.
    """
    client = IssuesClient(url, token)
    try:
        send_waiting(client, url, folder)
        return client.send(report)
    except (AwayError, DeniedError):
        keep(url, report, folder)
        raise
    finally:
        client.close()
